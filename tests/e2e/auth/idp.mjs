// A real OAuth 2.1 authorization server, oidc-provider, behind the URLs that Descope has: project
// and MCP-server ("agentic") level, dynamic registration, resource indicators, JWT access tokens
// that carry the project's issuer at both levels, key rotation.
//
//    node idp.mjs [--port N] [--project P] [--mcp M] [--ttl SECONDS]
//
// Prints one line of JSON when it listens: {"base", "project", "issuer", "agentic", "jwks"}. What
// tests need beside that is under /admin, which a real server has not:
//    POST /admin  {"rotate": true, "ttl": 5, "jwks": "ok|down|slow|huge|garbage|redirect", …}
//    GET  /admin  counters of requests by kind
//    POST /admin/token {"scope", "client_id", "expires_in", "resource", "claims", "header"}

import crypto from 'node:crypto';
import http from 'node:http';
import { parseArgs } from 'node:util';

import Provider from 'oidc-provider';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    project: { type: 'string', default: 'P2abcdefghijklmnopqrstuvwxyz' },
    mcp: { type: 'string', default: 'MS2mcpserver' },
    ttl: { type: 'string', default: '3600' },
  },
});
const P = options.project;
const M = options.mcp;
const PUBLISHED = ['openid', 'offline_access', 'tools:call']; // what its discovery document names
const SCOPES = [...PUBLISHED, 'tools:admin', 'files:read', 'files:write'];
const DEFAULT_SCOPE = 'tools:call';
const state = { ttl: Number(options.ttl), jwks: 'ok', jwksDelay: 0, refuseRefresh: false };
const counters = {};

const count = (name) => {
  counters[name] = (counters[name] ?? 0) + 1;
};

// ---- what outlives a rotation -------------------------------------------------------------------

const storage = new Map();

/** Everything in memory, shared by the providers before and after a rotation. */
class Adapter {
  constructor(name) {
    this.name = name;
  }
  key(id) {
    return `${this.name}:${id}`;
  }
  async upsert(id, payload, expiresIn) {
    const until = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
    storage.set(this.key(id), { payload, until });
  }
  async find(id) {
    const found = storage.get(this.key(id));
    return found && found.until > Date.now() ? found.payload : undefined;
  }
  async findByUid(uid) {
    return this.search((payload) => payload.uid === uid);
  }
  async findByUserCode(code) {
    return this.search((payload) => payload.userCode === code);
  }
  search(fits) {
    for (const [key, { payload, until }] of storage) {
      if (key.startsWith(`${this.name}:`) && until > Date.now() && fits(payload)) return payload;
    }
    return undefined;
  }
  async consume(id) {
    const found = storage.get(this.key(id));
    if (found) found.payload.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    storage.delete(this.key(id));
  }
  async revokeByGrantId(grantId) {
    for (const [key, { payload }] of storage) {
      if (payload.grantId === grantId) storage.delete(key);
    }
  }
}

// ---- the two levels -----------------------------------------------------------------------------

let base;
let keys = [];
let levels = {};

async function newKey() {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: crypto.randomUUID() };
}

const projectIssuer = () => `${base}/v1/apps/${P}`;
const agenticIssuer = () => `${base}/v1/apps/agentic/${P}/${M}`;

function makeLevel(issuer, root, registration) {
  const provider = new Provider(issuer, {
    adapter: Adapter,
    jwks: { keys },
    cookies: { keys: ['only for tests'] },
    routes: {
      authorization: `${root}/authorize`,
      token: `${root}/token`,
      revocation: `${root}/revoke`,
      introspection: `${root}/introspect`,
      end_session: `${root}/logout`,
      jwks: `/${P}/.well-known/jwks.json`,
      registration,
    },
    scopes: PUBLISHED,
    pkce: { required: () => true },
    clientBasedCORS: () => true,
    clientDefaults: { grant_types: ['authorization_code', 'refresh_token'] },
    clients: [{
      client_id: 'introspector',
      client_secret: 'a-secret-of-the-resource-server',
      grant_types: [],
      response_types: [],
      redirect_uris: [],
    }],
    findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    ttl: { AccessToken: () => state.ttl, AuthorizationCode: 300, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 900 },
    interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
    loadExistingGrant: grantEverything,
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: true, initialAccessToken: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => oneOf?.[0] ?? 'urn:default',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPES.join(' '),
          audience: P,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    formats: {
      customizers: {
        // Descope's tokens name the project, whatever level they were asked at, and in `aud` the
        // client beside it.
        jwt: (_ctx, token, parts) => {
          parts.payload.iss = projectIssuer();
          parts.payload.aud = [token.clientId, P];
        },
      },
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider;
}

/** What a user agrees to by pressing the button: all that was asked for. */
async function makeGrant(provider, accountId, parameters) {
  const grant = new provider.Grant({ clientId: parameters.client_id, accountId });
  grant.addOIDCScope(parameters.scope);
  for (const resource of [parameters.resource ?? 'urn:default'].flat()) grant.addResourceScope(resource, parameters.scope);
  await grant.save();
  return grant;
}

const grantEverything = (ctx) => makeGrant(ctx.oidc.provider, ctx.oidc.session.accountId, {
  client_id: ctx.oidc.client.clientId, scope: [...ctx.oidc.requestParamScopes].join(' '), resource: ctx.oidc.params.resource,
});

async function rotate() {
  keys = [await newKey()];
  levels = {
    project: makeLevel(projectIssuer(), `/oauth2/v1/apps/${P}`, `/v1/mgmt/inboundapp/app/${P}/register`),
    agentic: makeLevel(agenticIssuer(), `/oauth2/v1/apps/agentic/${P}/${M}`, `/v1/mgmt/mcp/client/${P}/${M}/register`),
  };
}

// ---- the front ----------------------------------------------------------------------------------

const WELL_KNOWN = /^(\/v1\/apps\/(agentic\/)?[^?]*?)(\/\.well-known\/(openid-configuration|oauth-authorization-server))$/;

/** Which provider serves a path, and under which path it knows it. */
function route(path) {
  const found = WELL_KNOWN.exec(path);
  if (found) {
    if (found[1] === `/v1/apps/${P}`) return ['project', found[3]];
    if (found[1] === `/v1/apps/agentic/${P}/${M}`) return ['agentic', found[3]];
    return [];
  }
  if (path.startsWith(`/oauth2/v1/apps/agentic/${P}/${M}/`) || path.startsWith(`/v1/mgmt/mcp/client/${P}/${M}/`)) return ['agentic', path];
  if (path.startsWith(`/oauth2/v1/apps/${P}/`) || path.startsWith(`/v1/mgmt/inboundapp/app/${P}/`)) return ['project', path];
  if (path === `/${P}/.well-known/jwks.json`) return ['project', path];
  return [];
}

async function readBody(req) {
  let text = '';
  for await (const chunk of req) text += chunk;
  return text;
}

function send(res, status, body, type = 'application/json') {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  res.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** False: go on with the real answer. */
function jwksFault(res) {
  count('jwks');
  switch (state.jwks) {
    case 'down': res.destroy(); return true;
    case 'error': send(res, 500, { error: 'server_error' }); return true;
    case 'huge': send(res, 200, `{"keys":["${'x'.repeat(50_000_000)}"]}`); return true;
    case 'garbage': send(res, 200, '<html>not a key set</html>', 'text/html'); return true;
    case 'redirect': res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(); return true;
    case 'hang': return true;
    default: return false;
  }
}

const LOGIN_PAGE = (uid, client) => `<!doctype html><html lang="en"><title>Sign in</title>
<h1>Sign in</h1><p>${client.replace(/[^\w .-]/g, '')} wants to use the tools of this server.</p>
<form method="post" action="/login/${uid}"><button id="sign-in" name="who" value="ada">Continue as Ada</button></form></html>`;

// Both levels share the storage, so one of them can finish the interactions of both: where it leads
// back to is part of the interaction.
async function login(req, res, uid) {
  const provider = levels.project;
  const details = await provider.interactionDetails(req, res);
  if (req.method !== 'POST') {
    return send(res, 200, LOGIN_PAGE(uid, String(details.params.client_id)), 'text/html; charset=utf-8');
  }
  await readBody(req);
  count(details.prompt.name);
  let result = { login: { accountId: 'ada' } };
  if (details.prompt.name === 'consent') { // `prompt=consent`, which goes with `offline_access`
    const { jti } = await makeGrant(provider, details.session.accountId, details.params);
    result = { consent: { grantId: jti } };
  }
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

async function admin(req, res, path) {
  if (req.method === 'GET') return send(res, 200, { counters, state });
  const asked = JSON.parse((await readBody(req)) || '{}');
  if (path === '/admin/token') {
    const now = Math.floor(Date.now() / 1000);
    const key = await crypto.webcrypto.subtle.importKey('jwk', { ...keys[0], key_ops: undefined, use: undefined }, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']);
    const claims = {
      iss: projectIssuer(), aud: [P], sub: 'ada', client_id: asked.client_id ?? 'a-client', scope: asked.scope ?? 'tools:call',
      iat: now, exp: now + (asked.expires_in ?? 3600), ...asked.claims,
    };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: keys[0].kid, ...asked.header }).sign(key);
    return send(res, 200, { token });
  }
  if (asked.rotate) await rotate();
  for (const [name, value] of Object.entries(asked)) if (name in state) state[name] = value;
  return send(res, 200, { state });
}

const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, base);
  try {
    if (url.pathname.startsWith('/admin')) return await admin(req, res, url.pathname);
    const found = /^\/login\/([\w-]+)$/.exec(url.pathname);
    if (found) return await login(req, res, found[1]);
    const [name, inside] = route(url.pathname);
    if (!name) {
      count('unknown');
      return send(res, 404, { errorCode: 'E000000', errorDescription: 'not found' });
    }
    if (url.pathname.endsWith('/jwks.json')) {
      if (jwksFault(res)) return undefined;
      if (state.jwksDelay) await new Promise((resolve) => { setTimeout(resolve, state.jwksDelay); });
    } else {
      count(inside.split('/').at(-1));
    }
    if (url.pathname.endsWith('/register') && req.method === 'POST') {
      // Some clients register with an empty scope, or with one that they found elsewhere; the real
      // server takes both and binds nobody to it.
      req.body = JSON.parse((await readBody(req)) || '{}');
      delete req.body.scope;
    }
    if (url.pathname.endsWith('/authorize') && !url.searchParams.get('scope')) {
      url.searchParams.set('scope', DEFAULT_SCOPE); // what a client gets that asks for nothing
    }
    req.url = inside + url.search;
    return await levels[name].callback()(req, res);
  } catch (error) {
    console.error(error);
    if (!res.headersSent) send(res, 500, { error: 'server_error' });
    return undefined;
  }
});

server.listen(Number(options.port), '127.0.0.1', async () => {
  base = `http://127.0.0.1:${server.address().port}`;
  await rotate();
  console.log(JSON.stringify({
    base, project: P, issuer: projectIssuer(), agentic: agenticIssuer(), jwks: `${base}/${P}/.well-known/jwks.json`,
  }));
});
