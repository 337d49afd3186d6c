# cmake -DBUILD_DIR=<this build> -DWORK_DIR=... -DGENERATOR=... [-DCONFIG=...] -P templates.cmake
#
# Installs the SDK into an empty prefix and builds the templates, and the example of an authentication
# provider, from a copy outside the tree, with nothing but that prefix, a compiler and CMake.
# WORK_DIR/out then holds hello.so, hello_cpp.so, auth_provider.so and auth_provider_c.so.
cmake_minimum_required(VERSION 3.25)

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${what} failed:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
file(MAKE_DIRECTORY "${WORK_DIR}/out")
run("installing the SDK" "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --component sdk --prefix "${WORK_DIR}/prefix")

# Nothing of the build tree or the source tree may be named in what was installed.
file(GLOB_RECURSE installed "${WORK_DIR}/prefix/*")
list(LENGTH installed count)
if(count LESS 10)
  message(FATAL_ERROR "only ${count} files were installed")
endif()
foreach(file IN LISTS installed)
  file(READ "${file}" text)
  foreach(dir "${BUILD_DIR}" "${SOURCE_DIR}")
    string(FIND "${text}" "${dir}" at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${dir}, which does not exist elsewhere")
    endif()
  endforeach()
endforeach()

file(COPY "${WORK_DIR}/prefix/share/fmcp-sdk/template/" "${SOURCE_DIR}/examples/05_auth_provider"
  DESTINATION "${WORK_DIR}/src")
foreach(template c cpp 05_auth_provider)
  set(build "${WORK_DIR}/build/${template}")
  run("configuring the ${template} template" "${CMAKE_COMMAND}" -S "${WORK_DIR}/src/${template}" -B "${build}"
      -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix" -DCMAKE_BUILD_TYPE=Release
      "-DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${WORK_DIR}/out")
  run("building the ${template} template" "${CMAKE_COMMAND}" --build "${build}")
endforeach()
foreach(plugin hello hello_cpp auth_provider auth_provider_c)
  if(NOT EXISTS "${WORK_DIR}/out/${plugin}.so")
    message(FATAL_ERROR "${plugin}.so was not built")
  endif()
endforeach()
