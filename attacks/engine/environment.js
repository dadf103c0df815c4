// Looks for anything in its environment that nobody granted.
exports.attack = () => {
  const known = ['HOME', 'LANG', 'LOGNAME', 'NODE_ENV', 'PATH', 'PWD', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'];
  return Object.keys(process.env).some((name) => !known.includes(name)) || Object.values(process.env).some((value) => value.includes('treasure'));
};
