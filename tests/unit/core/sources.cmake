fmcp_unit_test(core SOURCES base64_test.cpp log_test.cpp safe_path_test.cpp text_test.cpp utf8_test.cpp USES fmcp_core)
