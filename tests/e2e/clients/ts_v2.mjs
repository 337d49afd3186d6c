// @modelcontextprotocol/client 2.x: one client, both eras.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { check, setup, useTools } from './ts_common.mjs';

const how = setup();
const modes = { old: 'legacy', new: 'auto', pinned: { pin: '2026-07-28' } };
const client = new Client({ name: 'e2e-ts-v2', version: '1' }, { versionNegotiation: { mode: modes[how.era] } });
const transport = how.transport === 'http'
   ? new StreamableHTTPClientTransport(new URL(how.url))
   : new StdioClientTransport({ command: how.command, args: how.arguments, env: how.environment, stderr: 'inherit' });

await check('connects', () => client.connect(transport));
await check('speaks the revision that it was told to', () => {
   assert.equal(client.getNegotiatedProtocolVersion(), how.era === 'old' ? '2025-11-25' : '2026-07-28');
});
await check('learns who serves', () => {
   assert.equal(client.getServerVersion()?.name, 'fastmcp-host');
   assert.ok(client.getServerCapabilities()?.tools);
});
if (how.era === 'old') {
   await check('pings', () => client.ping());
}
await useTools({
   client,
   list: async () => (await client.listTools()).tools,
   call: (name, args, options) => client.callTool({ name, ...(args && { arguments: args }) }, options),
});
await check('closes', () => client.close());
