# The logic of the shipped tools, and the tools themselves in the plugin host.
if(FMCP_BUILD_HOST)
  find_package(date CONFIG REQUIRED)
  fmcp_unit_test(tools SOURCES files_tools_test.cpp glob_test.cpp instant_test.cpp roots_test.cpp text_test.cpp time_tools_test.cpp zone_test.cpp
                 USES fmcp_plugins date::date)
  set(tool_sources "${PROJECT_SOURCE_DIR}/plugins/tools")
  target_sources(tools_test PRIVATE
    "${tool_sources}/files/src/glob.cpp" "${tool_sources}/files/src/roots.cpp"
    "${tool_sources}/files/src/text.cpp" "${tool_sources}/files/src/walk.cpp"
    "${tool_sources}/time/src/instant.cpp" "${tool_sources}/time/src/posix_rule.cpp"
    "${tool_sources}/time/src/zone.cpp" "${tool_sources}/time/src/zone_database.cpp")
  target_include_directories(tools_test PRIVATE "${tool_sources}")
  add_dependencies(tools_test files_plugin time_plugin)
endif()
