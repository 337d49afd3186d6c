fmcp_unit_test(cli SOURCES auth_commands_test.cpp cli_test.cpp USES fmcp_cli)
