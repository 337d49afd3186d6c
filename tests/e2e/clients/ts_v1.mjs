// @modelcontextprotocol/sdk 1.x: the client of the old era.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { check, setup, useTools } from './ts_common.mjs';

const how = setup();
const client = new Client({ name: 'e2e-ts-v1', version: '1' });
const transport = how.transport === 'http'
   ? new StreamableHTTPClientTransport(new URL(how.url))
   : new StdioClientTransport({ command: how.command, args: how.arguments, env: how.environment, stderr: 'inherit' });

await check('connects', () => client.connect(transport));
await check('learns who serves', () => {
   assert.equal(client.getServerVersion().name, 'fastmcp-host');
   assert.ok(client.getServerCapabilities().tools);
});
if (how.transport === 'http') {
   await check('has a session of the newest old revision', () => {
      assert.ok(transport.sessionId);
      assert.equal(transport.protocolVersion, '2025-11-25');
   });
}
await check('pings', () => client.ping());
await useTools({
   client,
   list: async () => (await client.listTools()).tools,
   call: (name, args, options) => client.callTool({ name, ...(args && { arguments: args }) }, undefined, options),
});
await check('hears of a changed list', async () => {
   const { ToolListChangedNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js');
   const heard = new Promise(resolve => client.setNotificationHandler(ToolListChangedNotificationSchema, resolve));
   await client.callTool({ name: 'test_trigger_tool_change' });
   await Promise.race([heard, new Promise((_, fail) => setTimeout(fail, 10_000, new Error('not in 10 s')).unref())]);
   await client.callTool({ name: 'test_trigger_tool_change' });
});
if (how.transport === 'http') {
   await check('ends its session', () => transport.terminateSession());
}
await check('closes', () => client.close());
