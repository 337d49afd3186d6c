// What both TypeScript clients are asked to do, and how they report: `pass|fail<TAB>name[<TAB>why]`
// on standard output.
import assert from 'node:assert/strict';

/// Runs one named check; a failure is reported and does not stop the others.
export async function check(name, work) {
   try {
      await work();
      console.log(`pass\t${name}`);
   } catch (error) {
      console.log(`fail\t${name}\t${String(error.message ?? error).replace(/\s+/g, ' ').slice(0, 500)}`);
   }
}

async function rejects(work, code) {
   await assert.rejects(work, error => {
      assert.equal(error.code, code, error.message);
      return true;
   });
}

const text = 'grüße "quoted" \\ 🌍\n2nd line';

/// `call(name, arguments, options)` calls a tool, `list()` gives all tools.
export async function useTools({ client, call, list }) {
   await check('lists the tools with their schemas', async () => {
      const tools = await list();
      const echo = tools.find(tool => tool.name === 'echo');
      assert.ok(echo, `no echo among ${tools.map(tool => tool.name)}`);
      assert.deepEqual(echo.inputSchema.required, ['text']);
      assert.equal(echo.inputSchema.properties.text.type, 'string');
      assert.ok(tools.every(tool => tool.description));
      assert.ok(tools.some(tool => tool.name === 'json_schema_2020_12_tool'));
   });
   await check('calls a tool and gets its text back', async () => {
      const result = await call('echo', { text });
      assert.deepEqual(result.content, [{ type: 'text', text }]);
      assert.notEqual(result.isError, true);
   });
   await check('gets every kind of content', async () => {
      for (const [tool, types] of [
         ['test_simple_text', ['text']], ['test_image_content', ['image']], ['test_audio_content', ['audio']],
         ['test_embedded_resource', ['resource']], ['test_multiple_content_types', ['text', 'image', 'resource']]]) {
         const result = await call(tool);
         assert.deepEqual(result.content.map(block => block.type), types, tool);
      }
   });
   await check('gets a tool\'s failure as a result', async () => {
      const result = await call('test_error_handling');
      assert.equal(result.isError, true);
      assert.equal(result.content[0].type, 'text');
   });
   await check('gets bad arguments as a result that a model can act on', async () => {
      const result = await call('echo', { text: 7 });
      assert.equal(result.isError, true);
      assert.match(result.content[0].text, /text/);
   });
   await check('gets an error for a tool that does not exist', () => rejects(() => call('no_such_tool'), -32602));
   await check('hears of progress', async () => {
      const seen = [];
      await call('test_tool_with_progress', {}, { onprogress: p => seen.push(p.progress) });
      // Two of three: what arrives in one read with the response, this client forgets to deliver. That
      // the host has sent all three is checked in the recording.
      assert.ok(seen.length >= 2, `only ${seen}`);
      assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
   });
   await check('calls many tools at the same time', async () => {
      const results = await Promise.all([...Array(20).keys()].map(i => call('echo', { text: `${i}` })));
      assert.deepEqual(results.map(result => result.content[0].text), [...Array(20).keys()].map(String));
   });
}

/// `{ transport: 'http'|'stdio', era: 'old'|'new', url?, command?, arguments?, log? }`
export function setup() {
   return JSON.parse(process.argv[2]);
}
