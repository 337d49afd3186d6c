fmcp_unit_test(core SOURCES safe_path_test.cpp USES fmcp_core)
