// A real identity provider on loopback (npm `oidc-provider`, certified by the OpenID Foundation),
// set up as docs/guide/oidc.md says of any: a confidential client, PKCE required, one claim for the
// person.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

export const SECRET = 'what: only/both+know';

/** Starts it; `console` is the address of Loggia. Give it port 0 for a free one. */
export async function startProvider(console_, port = 0) {
  const server = createServer();
  await new Promise((ok) => server.listen(port, '127.0.0.1', ok));
  // By name: to the browser it is another site than Loggia at 127.0.0.1.
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'loggia',
        client_secret: SECRET,
        redirect_uris: [`${console_}/api/v1/session/oidc/callback`],
        post_logout_redirect_uris: [`${console_}/evidence`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      // Roles of a token count for nothing.
      claims: () => ({ sub: id, preferred_username: id, groups: ['administrator', 'custodian'] }),
    }),
    cookies: { keys: ['of this test alone'] },
  });
  server.on('request', provider.callback());
  return {
    issuer,
    stop: () =>
      new Promise((ok) => {
        server.closeAllConnections();
        server.close(ok);
      }),
  };
}
