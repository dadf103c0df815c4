'use strict';

// Tells IP addresses from other texts, as `net` does.

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

function isIPv4(input) {
  return ipv4.test(`${input}`);
}

function isIPv6(input) {
  let text = `${input}`;
  const zone = text.indexOf('%');
  if (zone >= 0) {
    if (!/^%[0-9a-zA-Z-.:]+$/.test(text.slice(zone))) return false;
    text = text.slice(0, zone);
  }
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (let half = 0; half < halves.length; half++) {
    if (halves[half] === '') {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = halves[half].split(':');
    for (let index = 0; index < parts.length; index++) {
      const isLast = half === halves.length - 1 && index === parts.length - 1;
      if (isLast && parts[index].includes('.')) {
        if (!ipv4.test(parts[index])) return false;
        groups += 2;
      } else if (/^[0-9a-fA-F]{1,4}$/.test(parts[index])) {
        groups++;
      } else {
        return false;
      }
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

function isIP(input) {
  if (isIPv4(input)) return 4;
  return isIPv6(input) ? 6 : 0;
}

module.exports = { isIP, isIPv4, isIPv6 };
