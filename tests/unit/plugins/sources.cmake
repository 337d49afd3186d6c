fmcp_unit_test(plugins SOURCES instance_test.cpp USES fmcp_plugins)
