# CPack runs this before it makes the packages: it compresses manual pages and changelogs, as Debian requires.
file(GLOB_RECURSE documents
  ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*
  ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/*/changelog*)
list(FILTER documents EXCLUDE REGEX "\\.gz$")
if(documents STREQUAL "")
  message(FATAL_ERROR "no document to compress below ${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
endif()
execute_process(COMMAND ${CPACK_MULTIPING_GZIP} -9 -n -f ${documents} COMMAND_ERROR_IS_FATAL ANY)
