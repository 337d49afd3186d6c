// What both TypeScript clients need to log in: a store in memory, a listener for the callback, and
// $BROWSER.
import { spawn } from 'node:child_process';
import http from 'node:http';

/** An OAuthClientProvider; `codes` resolves with the parameters of each callback in turn. */
export async function makeLogin() {
   const waiting = [];
   const arrived = [];
   const listener = http.createServer((req, res) => {
      const url = new URL(req.url, 'http://localhost');
      res.end('You may close this window.');
      if (url.pathname !== '/callback') return;
      const next = waiting.shift();
      next ? next(url.searchParams) : arrived.push(url.searchParams);
   });
   await new Promise(resolve => listener.listen(0, '127.0.0.1', resolve));
   const redirectUrl = `http://localhost:${listener.address().port}/callback`;
   const kept = { logins: 0, refreshes: 0 };
   const provider = {
      get redirectUrl() { return redirectUrl; },
      get clientMetadata() {
         return {
            client_name: 'fastmcp-host e2e', redirect_uris: [redirectUrl], response_types: ['code'],
            grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none',
         };
      },
      state: () => 'state-of-the-test',
      clientInformation: () => kept.client,
      saveClientInformation: client => { kept.client = client; },
      tokens: () => kept.tokens,
      saveTokens: tokens => {
         if (kept.tokens) kept.refreshes += 1;
         kept.tokens = tokens;
      },
      redirectToAuthorization: url => {
         kept.logins += 1;
         spawn(process.env.BROWSER, [String(url)], { stdio: 'ignore' });
      },
      saveCodeVerifier: verifier => { kept.verifier = verifier; },
      codeVerifier: () => kept.verifier,
      saveDiscoveryState: state => { kept.discovery = state; },
      discoveryState: () => kept.discovery,
      invalidateCredentials: what => {
         if (what === 'all' || what === 'tokens') delete kept.tokens;
         if (what === 'all' || what === 'client') delete kept.client;
         if (what === 'all' || what === 'discovery') delete kept.discovery;
      },
   };
   const nextCallback = () => new Promise((resolve, reject) => {
      if (arrived.length) return resolve(arrived.shift());
      waiting.push(resolve);
      return setTimeout(reject, 30_000, new Error('no callback in 30 s')).unref();
   });
   return { provider, kept, nextCallback, close: () => listener.close() };
}

/** Runs `work`; when it asks for a login, sees it through and runs it again. */
export async function withLogin(login, isUnauthorized, finish, work) {
   try {
      return await work();
   } catch (error) {
      if (!isUnauthorized(error)) throw error;
      const parameters = await login.nextCallback();
      if (parameters.get('error')) throw new Error(`the login failed: ${parameters}`);
      await finish(parameters);
      return work();
   }
}
