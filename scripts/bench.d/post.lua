-- One constant POST. FMCP_BENCH_REQUEST names a file: the first line is empty or "check", then one
-- header field a line, an empty line, the body. With "check" every answer is compared with the body
-- that FMCP_BENCH_EXPECT holds; without it wrk sends as fast as it can.
local file = assert(io.open(os.getenv("FMCP_BENCH_REQUEST"), "rb"))
local mode = file:read("*l")
wrk.method = "POST"
for line in file:lines() do
   if line == "" then break end
   local name, value = line:match("^([^:]+): (.*)$")
   wrk.headers[name] = value
end
wrk.body = file:read("*a")
file:close()

local threads = {}
function setup(thread)
   table.insert(threads, thread)
   thread:set("wrong", 0)
end

if mode == "check" then
   local expected = os.getenv("FMCP_BENCH_EXPECT")
   wrong = 0
   function response(status, headers, body)
      if status ~= 200 or body ~= expected then wrong = wrong + 1 end
   end
end

function done(summary, latency, requests)
   local wrong = 0
   for _, thread in ipairs(threads) do wrong = wrong + (thread:get("wrong") or 0) end
   local e = summary.errors
   io.write(string.format(
      'RESULT {"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "errors": %d, "wrong": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout, wrong))
end
