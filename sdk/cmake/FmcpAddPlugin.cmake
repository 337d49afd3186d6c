# fmcp_add_plugin(<name> SOURCES <file>...
#                 [OUTPUT_DIRECTORY <dir>]   where <name>.so goes; else CMake's usual place
#                 [LINK <target>...]         what it links, statically if that can be had
#                 [CXX_STANDARD <n>])        17 unless said otherwise
#
# Builds <name>.so, a plugin that really unloads and cannot disturb the host or another plugin:
#
#  * a version script leaves one exported symbol. Hidden visibility alone does not do: templates of
#    the standard library keep default visibility, become GNU_UNIQUE, and pin the file in memory;
#  * libstdc++ and libgcc are inside the file, so it runs on distributions older and newer than the
#    one it was built on, and its exceptions are its own;
#  * an undefined symbol is an error now (-z defs) and not when the host loads the file.
#
# Sanitizer builds use the shared runtime libraries and allow undefined symbols, since the sanitizer
# itself is resolved from the process. After linking the file is checked: see FmcpLint.cmake.

function(fmcp_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 P "" "OUTPUT_DIRECTORY;CXX_STANDARD" "SOURCES;LINK")
  if(NOT P_SOURCES)
    message(FATAL_ERROR "fmcp_add_plugin(${name}): SOURCES is missing")
  endif()
  if(P_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "fmcp_add_plugin(${name}): unknown arguments: ${P_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
    message(FATAL_ERROR "fmcp_add_plugin(${name}): plugins are ELF files for Linux")
  endif()
  if(NOT P_CXX_STANDARD)
    set(P_CXX_STANDARD 17)
  endif()

  add_library(${name} MODULE ${P_SOURCES})
  target_link_libraries(${name} PRIVATE fmcp-sdk::sdk ${P_LINK})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    CXX_STANDARD ${P_CXX_STANDARD} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LINK_DEPENDS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fmcp.map")
  if(P_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${P_OUTPUT_DIRECTORY}")
  endif()

  target_compile_options(${name} PRIVATE -ffunction-sections -fdata-sections
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    "LINKER:--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fmcp.map"
    LINKER:--exclude-libs,ALL LINKER:--gc-sections
    LINKER:-z,now LINKER:-z,relro LINKER:-z,noexecstack)

  get_directory_property(compile_options COMPILE_OPTIONS)
  if("${compile_options} ${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    set(sanitized ON)
  else()
    set(sanitized OFF)
    target_link_options(${name} PRIVATE LINKER:-z,defs -static-libgcc
      $<$<LINK_LANGUAGE:CXX>:-static-libstdc++>)
    target_compile_definitions(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:FMCP_STATIC_LIBSTDCXX=1>)
  endif()

  if(CMAKE_READELF)
    add_custom_command(TARGET ${name} POST_BUILD VERBATIM
      COMMAND "${CMAKE_COMMAND}" "-DREADELF=${CMAKE_READELF}" "-DFILE=$<TARGET_FILE:${name}>"
              "-DSANITIZED=${sanitized}" -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/FmcpLint.cmake")
  endif()
endfunction()
