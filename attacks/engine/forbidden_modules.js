// Starts processes, threads and servers with the modules that Node.js has for them.
exports.attack = () => {
  const ways = [
    () => require('child_process').execSync('id'),
    () => require('child_process').spawn('id').pid,
    () => new (require('worker_threads').Worker)('1', { eval: true }).threadId,
    () => require('net').connect(80, '127.0.0.1').connecting,
    () => require('dgram').createSocket('udp4').bind(0),
    () => require('http').createServer().listen(0).listening,
    () => require('cluster').fork(),
    () => require('inspector').open(0),
    () => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6'),
    () => require('/lib/x86_64-linux-gnu/libc.so.6.node'),
  ];
  return ways.some((way) => {
    try {
      return Boolean(way());
    } catch {
      return false;
    }
  });
};
