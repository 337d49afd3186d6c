fmcp_unit_test(app SOURCES plugin_backend_test.cpp USES fmcp_app)
