fmcp_unit_test(app SOURCES hardening_test.cpp plugin_backend_test.cpp store_backends_test.cpp USES fmcp_app)
