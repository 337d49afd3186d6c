fmcp_unit_test(sdk SOURCES answers_test.cpp exceptions_test.cpp fields_test.cpp json_test.cpp unload_test.cpp
               USES fmcp_plugins)
add_dependencies(sdk_test test_plugins)
