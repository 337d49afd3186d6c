# Which room uses which: the whole dependency graph of the host, in one place.
fmcp_room(core
  SOURCES base64.cpp clock.cpp log.cpp safe_path.cpp text.cpp utf8.cpp
  USES fmt::fmt
  PRIVATE spdlog::spdlog Threads::Threads)

fmcp_room(json
  SOURCES document.cpp format.cpp format_idn.cpp format_net.cpp format_time.cpp format_uri.cpp number.cpp regex.cpp regex_translate.cpp schema.cpp schema_compiler.cpp
          schema_evaluate.cpp schema_explain.cpp schema_keywords.cpp schema_library.cpp schema_program.cpp
          unique.cpp uri.cpp value.cpp writer.cpp
  USES fmcp_core
  PRIVATE PkgConfig::PCRE2)

fmcp_room(crypto
  SOURCES digest.cpp
  USES fmcp_core
  PRIVATE OpenSSL::Crypto)

fmcp_room(config
  SOURCES checks.cpp declaration.cpp env_file.cpp gather.cpp layers.cpp load.cpp parse.cpp plugin_settings.cpp secret_file.cpp
          table.cpp
  USES fmcp_core fmcp_json
  PRIVATE Boost::url)

fmcp_room(cli
  SOURCES cli.cpp columns.cpp config_show.cpp help.cpp options.cpp plugins_info.cpp plugins_list.cpp run.cpp version.cpp
  USES fmcp_config
  PRIVATE CLI11::CLI11)

fmcp_room(plugins
  SOURCES call_table.cpp catalogue.cpp elf_image.cpp elf_lint.cpp host.cpp instance.cpp manifest.cpp module.cpp pool.cpp
          registry.cpp results.cpp sealed_copy.cpp services.cpp staging.cpp timer.cpp
  USES fmcp_core fmcp_json fmcp_sdk
  PRIVATE Boost::headers fmcp_crypto Threads::Threads ${CMAKE_DL_LIBS})

fmcp_room(protocol
  SOURCES
    call_result.cpp
    catalogue.cpp
    content_block.cpp
    header_value.cpp
    message.cpp
    schema_text.cpp
    tool_definition.cpp
  USES fmcp_core fmcp_json
  PRIVATE fmcp_crypto)
