fmcp_unit_test(cli SOURCES cli_test.cpp USES fmcp_cli)
