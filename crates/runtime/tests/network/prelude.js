// What the rows of the tables use: asks for something with `http`, and gives everything that is told of the answer.
globalThis.ask = (...args) => new Promise((resolve, reject) => {
  const [, , body] = args;
  const told = [];
  const request = require('http').request(...args.slice(0, 2));
  request.on('continue', () => told.push('continue'));
  request.on('information', (info) => told.push(['information', info.statusCode, info.headers]));
  request.on('error', (error) => reject(error));
  request.on('response', (response) => {
    const parts = [];
    response.on('data', (part) => parts.push(part));
    response.on('aborted', () => told.push('aborted'));
    response.on('error', (error) => reject(Object.assign(error, { told })));
    response.on('end', () => {
      const { statusCode, statusMessage, httpVersion, headers, rawHeaders, trailers, complete } = response;
      resolve({ told, statusCode, statusMessage, httpVersion, headers, rawHeaders, trailers, complete,
        body: Buffer.concat(parts).toString('latin1') });
    });
  });
  if (Array.isArray(body)) {
    for (const part of body) request.write(part);
    request.end();
  } else {
    request.end(body);
  }
});
