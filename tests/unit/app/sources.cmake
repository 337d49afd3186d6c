fmcp_unit_test(app SOURCES browser_test.cpp callback_listener_test.cpp hardening_test.cpp plugin_backend_test.cpp
                           store_backends_test.cpp ../../support/child_process.cpp ../../support/raw_http.cpp
               USES fmcp_app)
