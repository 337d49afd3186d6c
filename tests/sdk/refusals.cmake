# cmake -DINCLUDE_DIR=sdk/include -DWORK_DIR=... -P refusals.cmake
#
# What a plugin author gets wrong must stop the compiler with a sentence that tells what to write.
cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY "${WORK_DIR}")
set(failures 0)
set(tried 0)
find_program(gcc NAMES g++ REQUIRED)
find_program(clang NAMES clang++-19)
set(compilers "${gcc}")
if(clang)
  list(APPEND compilers "${clang}")
else()
  message("SKIPPED: clang++-19 is not installed")
endif()

# a tool's plugin with this in its constructor
function(refuses sentence body)
  refuses_file("${sentence}" "#include <fmcp/cpp/plugin.hpp>
struct in { int a = 0; void describe(fmcp::fields& f) { f(\"a\", a); } };
struct undescribed { int a; };
struct subject : fmcp::plugin { subject() { ${body} } };
")
  set(failures ${failures} PARENT_SCOPE)
  set(tried ${tried} PARENT_SCOPE)
endfunction()

# a provider with this in its class, and this behind its manifest
function(refuses_provider sentence body more)
  refuses_file("${sentence}" "#include <fmcp/cpp/auth.hpp>
struct subject : fmcp::auth_provider { ${body} };
FMCP_PLUGIN(subject, fmcp::manifest(\"com.x\", \"x\", \"1\")${more});
")
  set(failures ${failures} PARENT_SCOPE)
  set(tried ${tried} PARENT_SCOPE)
endfunction()

function(refuses_file sentence body)
  file(WRITE "${WORK_DIR}/refused.cpp" "${body}")
  foreach(compiler IN LISTS compilers)
    execute_process(
      COMMAND "${compiler}" -std=c++17 -x c++ "-I${INCLUDE_DIR}" -fsyntax-only "${WORK_DIR}/refused.cpp"
      RESULT_VARIABLE code ERROR_VARIABLE output)
    string(FIND "${output}" "${sentence}" at)
    if(code EQUAL 0 OR at EQUAL -1)
      message("${compiler} with\n   ${body}\nwas to say \"${sentence}\" and said:\n${output}")
      math(EXPR failures "${failures} + 1")
    endif()
    math(EXPR tried "${tried} + 1")
  endforeach()
  set(failures ${failures} PARENT_SCOPE)
  set(tried ${tried} PARENT_SCOPE)
endfunction()

set(takes "a tool's function takes (), (arguments), (call) or (arguments, call)")
refuses("${takes}" "add(fmcp::tool(\"x\", \"y\", [](const undescribed&) { return 1; }));")
refuses("${takes}" "add(fmcp::tool(\"x\", \"y\", [](in&) { return 1; }));")
refuses("${takes}" "add(fmcp::tool(\"x\", \"y\", [](fmcp::call&, const in&) { return 1; }));")
refuses("must be a lambda, function object or function pointer"
        "add(fmcp::tool(\"x\", \"y\", [](auto) { return 1; }));")
refuses("must be a lambda, function object or function pointer" "add(fmcp::tool(\"x\", \"y\", 7));")
refuses("remove `mutable`" "int n = 0; add(fmcp::tool(\"x\", \"y\", [n]() mutable { return ++n; }));")
refuses("a tool returns text, a described struct"
        "add(fmcp::tool(\"x\", \"y\", [] { return undescribed{}; }));")
refuses("must return void" "add(fmcp::tool(\"x\", \"y\", [](fmcp::async_call&) { return 1; }));")
refuses("take the call as fmcp::async_call&" "add(fmcp::tool(\"x\", \"y\", [](fmcp::async_call) {}));")
refuses("length() is for std::string; for a list use count()"
        "struct bad { int a = 0; void describe(fmcp::fields& f) { f(\"a\", a).length(1, 2); } };
         add(fmcp::tool(\"x\", \"y\", [](const bad&) {}));")
refuses("this type has no JSON form"
        "struct bad { void* a = nullptr; void describe(fmcp::fields& f) { f(\"a\", a); } };
         add(fmcp::tool(\"x\", \"y\", [](const bad&) {}));")
refuses("no other value fits a header"
        "struct bad { double a = 0; void describe(fmcp::fields& f) { f(\"a\", a).header(\"A\"); } };
         add(fmcp::tool(\"x\", \"y\", [](const bad&) {}));")
refuses("name is of the form [a-z][a-z0-9_]" "constexpr auto s = fmcp::setting(\"Upper\", &in::a, \"\"); (void)s;")
refuses("name is of the form [a-z0-9][a-z0-9_-]" "constexpr fmcp::manifest m(\"com.x\", \"Upper\", \"1\"); (void)m;")

set(verify "an fmcp::auth_provider has one public function")
refuses_provider("${verify}" "" ".env_prefix(\"X\")")
refuses_provider("${verify}" "void verify(fmcp::pending_auth) {}" ".env_prefix(\"X\")")
refuses_provider("${verify}" "bool verify(const fmcp::auth_request&) { return true; }" ".env_prefix(\"X\")")
set(good "fmcp::auth_answer verify(const fmcp::auth_request&) { return {}; }")
refuses_provider("and nothing else, says .env_prefix" "${good}" "")
refuses_provider("an env_prefix is of the form" "${good}" ".env_prefix(\"x\")")
refuses_file("and nothing else, says .env_prefix" "#include <fmcp/cpp/plugin.hpp>
struct subject : fmcp::plugin {};
FMCP_PLUGIN(subject, fmcp::manifest(\"com.x\", \"x\", \"1\").env_prefix(\"X\"));
")

if(failures GREATER 0)
  message(FATAL_ERROR "${failures} of ${tried} mistakes were not explained")
endif()
message("${tried} mistakes were explained")
