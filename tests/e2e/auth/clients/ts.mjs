// The official TypeScript clients, 1.x and 2.x, at a server that wants a login.
//
//    node ts.mjs v1|v2 URL [old|new]
import assert from 'node:assert/strict';
import { check } from '../../clients/ts_common.mjs';
import { makeLogin, withLogin } from './login.mjs';

const [generation, url, era] = process.argv.slice(2);
const sdk = generation === 'v1'
   ? {
      ...await import('@modelcontextprotocol/sdk/client/index.js'),
      ...await import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
      ...await import('@modelcontextprotocol/sdk/client/auth.js'),
   }
   : await import('@modelcontextprotocol/client');

const login = await makeLogin();
const isUnauthorized = error => error instanceof sdk.UnauthorizedError;
let client, transport;

/** A transport can be started once, so each attempt has its own; the login's store is the same. */
function connect() {
   transport = new sdk.StreamableHTTPClientTransport(new URL(url), { authProvider: login.provider });
   client = new sdk.Client({ name: `e2e-auth-ts-${generation}`, version: '1' },
      generation === 'v2' ? { versionNegotiation: { mode: era === 'new' ? 'auto' : 'legacy' } } : {});
   return client.connect(transport);
}
const finish = parameters => transport.finishAuth(...(generation === 'v2' ? [parameters] : [parameters.get('code')]));
const logged = work => withLogin(login, isUnauthorized, finish, work);
const call = (name, args) => client.callTool({ name, arguments: args });

await check('logs in', async () => {
   await logged(connect);
   assert.equal(login.kept.logins, 1);
   assert.ok(login.kept.tokens.refresh_token);
});
if (era !== 'new') await check('pings', () => client.ping());
await check('lists', async () => {
   const { tools } = await client.listTools();
   assert.ok(tools.some(tool => tool.name === 'whoami'));
});
await check('is known to the tool', async () => {
   const { content } = await call('whoami', {});
   assert.match(content[0].text, /"subject":"ada"/);
});
await check('refreshes its token without a login', async () => {
   login.kept.tokens = { ...login.kept.tokens, access_token: `${login.kept.tokens.access_token.slice(0, -8)}AAAAAAAA` };
   const before = login.kept.refreshes;
   const { content } = await call('whoami', {});
   assert.match(content[0].text, /"subject":"ada"/);
   assert.equal(login.kept.refreshes, before + 1);
   assert.equal(login.kept.logins, 1);
});
await check('steps up when a tool needs more scope', async () => {
   // 1.x answers a 403 by a refresh as long as it can, and that brings the old scopes again.
   if (generation === 'v1') delete login.kept.tokens.refresh_token;
   const { content } = await logged(() => call('admin_echo', { text: 'more' }));
   assert.equal(content[0].text, 'more');
   assert.equal(login.kept.logins, 2);
   assert.match(login.kept.tokens.scope, /tools:admin/);
});
await check('closes', () => client.close());
login.close();
