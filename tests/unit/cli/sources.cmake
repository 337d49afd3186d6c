fmcp_unit_test(cli SOURCES auth_commands_test.cpp cli_test.cpp client_commands_test.cpp ../client/scripted_exchange.cpp
  USES fmcp_cli)
