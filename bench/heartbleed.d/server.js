// A TLS server, or an SMTP server with STARTTLS, on the OpenSSL that a Node.js of 2013 has built in.
// node server.js tls|smtp PORT KEY CERTIFICATE
var fs = require('fs'), net = require('net'), tls = require('tls'), crypto = require('crypto');
var mode = process.argv[2], port = +process.argv[3];
var key = fs.readFileSync(process.argv[4]), cert = fs.readFileSync(process.argv[5]);

function quiet(stream) { stream.on('error', function () {}); return stream; }

if (mode === 'tls') {
  tls.createServer({ key: key, cert: cert }, quiet)
    .on('clientError', function () {})
    .listen(port, '127.0.0.1');
} else {
  var credentials = crypto.createCredentials({ key: key, cert: cert });
  net.createServer(function (socket) {
    quiet(socket);
    socket.write('220 mail.example.org ESMTP\r\n');
    var text = '';
    socket.on('data', function said(data) {
      text += data.toString('binary');
      var end;
      while ((end = text.indexOf('\r\n')) >= 0) {
        var line = text.slice(0, end).toUpperCase();
        text = text.slice(end + 2);
        if (/^EHLO/.test(line)) {
          socket.write('250-mail.example.org\r\n250 STARTTLS\r\n');
        } else if (/^STARTTLS/.test(line)) {
          socket.removeListener('data', said);
          socket.write('220 2.0.0 Ready\r\n');
          var pair = tls.createSecurePair(credentials, true, false, false);
          quiet(pair); quiet(pair.encrypted); quiet(pair.cleartext);
          pair.encrypted.pipe(socket);
          socket.pipe(pair.encrypted);
          pair.cleartext.on('data', function () {});
          return;
        } else if (/^QUIT/.test(line)) {
          socket.end('221 2.0.0 Bye\r\n');
        } else {
          socket.write('502 5.5.1 No\r\n');
        }
      }
    });
  }).listen(port, '127.0.0.1');
}
// What a probe breaks must not end the others' server.
process.on('uncaughtException', function () {});
