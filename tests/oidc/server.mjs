// The OIDC issuer of the behaviour tests: real discovery and JWKS on one port, and on a second
// one, which a real issuer would not have, a way to mint whatever token a test needs.
// Prints one line {"issuer": URL, "mint": URL} when both listen; ends when standard input closes.
import { createServer } from 'node:http';
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
let signing = await server.issuer.keys.generate('RS256');
await server.start(0, '127.0.0.1');
server.issuer.url = `http://127.0.0.1:${server.address().port}`;

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || '{}');
}

// POST /mint {claims, ttl}: a signed token; a claim of null is left out.
async function mint({ claims = {}, ttl = 3600 }) {
  return server.issuer.buildToken({
    kid: signing.kid,
    expiresIn: ttl,
    scopesOrTransform: (_header, payload) => {
      for (const [name, value] of Object.entries(claims)) {
        if (value === null) delete payload[name];
        else payload[name] = value;
      }
    },
  });
}

const control = createServer(async (request, response) => {
  try {
    const asked = await body(request);
    let answer;
    if (request.url === '/mint') answer = { token: await mint(asked) };
    // From now on tokens are signed by a key that nobody has fetched yet.
    else if (request.url === '/rotate') answer = { kid: (signing = await server.issuer.keys.generate('RS256')).kid };
    else throw new Error(`no such call: ${request.url}`);
    response.end(JSON.stringify(answer));
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify({ error: String(error) }));
  }
});
control.listen(0, '127.0.0.1', () => {
  const mint = `http://127.0.0.1:${control.address().port}`;
  console.log(JSON.stringify({ issuer: server.issuer.url, mint }));
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
