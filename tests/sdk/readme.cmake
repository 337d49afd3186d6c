# cmake -DREADME=sdk/README.md -DINCLUDE_DIR=sdk/include -DWORK_DIR=... -P readme.cmake
#
# Compiles every C++ snippet of the SDK's README as the plugin that it says it is.
cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY "${WORK_DIR}")
file(READ "${README}" text)
find_program(cxx NAMES g++ REQUIRED)
set(compiled 0)
while(TRUE)
  string(FIND "${text}" "```cpp\n" begin)
  if(begin EQUAL -1)
    break()
  endif()
  math(EXPR begin "${begin} + 7")
  string(SUBSTRING "${text}" ${begin} -1 text)
  string(FIND "${text}" "\n```" end)
  string(SUBSTRING "${text}" 0 ${end} snippet)
  string(SUBSTRING "${text}" ${end} -1 text)
  math(EXPR compiled "${compiled} + 1")
  file(WRITE "${WORK_DIR}/snippet${compiled}.cpp" "${snippet}\n")
  execute_process(
    COMMAND "${cxx}" -std=c++17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only
            "-I${INCLUDE_DIR}" "${WORK_DIR}/snippet${compiled}.cpp"
    RESULT_VARIABLE code ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "snippet ${compiled} of ${README} does not compile:\n${output}")
  endif()
endwhile()
if(compiled LESS 3)
  message(FATAL_ERROR "only ${compiled} snippets were found in ${README}")
endif()
message("${compiled} snippets compile")
