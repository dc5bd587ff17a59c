# What the program tells about itself: docs/reference, the default tarn.conf, the man pages.
# tarn-reference is made from the library and not installed.
function(tarn_reference)
  if(NOT TARN_MAIN)
    return()
  endif()
  tarn_program(tarn-reference ${TARN_REFERENCE})
  # Nothing is gained by optimising a program that runs for a moment, and the linker takes long.
  target_link_options(tarn-reference PRIVATE $<$<CONFIG:Release>:-O0>)

  set(conf ${CMAKE_BINARY_DIR}/tarn.conf)
  add_custom_command(OUTPUT ${conf}
    COMMAND tarn-reference conf ${conf} ${TARN_STATE_DIR}
    DEPENDS tarn-reference VERBATIM)
  set(made ${conf})
  foreach(page tarn-server.1 tarn.conf.5)
    set(template ${CMAKE_SOURCE_DIR}/packaging/man/${page}.in)
    set(filled ${CMAKE_BINARY_DIR}/man/${page}.in)
    configure_file(${template} ${filled} @ONLY)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/${page}
      COMMAND tarn-reference man ${filled} ${CMAKE_BINARY_DIR}/man/${page}
      DEPENDS tarn-reference ${filled} VERBATIM)
    list(APPEND made ${CMAKE_BINARY_DIR}/man/${page})
  endforeach()
  foreach(tool ${TARN_TOOLS})
    configure_file(${CMAKE_SOURCE_DIR}/packaging/man/${tool}.1.in ${CMAKE_BINARY_DIR}/man/${tool}.1 @ONLY)
  endforeach()
  add_custom_target(packaged ALL DEPENDS ${made})

  set(pages ${CMAKE_SOURCE_DIR}/docs/reference ${CMAKE_SOURCE_DIR}/docs/examples)
  add_custom_target(reference COMMAND tarn-reference write ${pages} VERBATIM)
  if(TARN_TESTS)
    add_test(NAME reference_is_fresh COMMAND tarn-reference check ${pages})
    add_test(NAME reference_has_every_summary COMMAND tarn-reference gaps)
    set_tests_properties(reference_is_fresh reference_has_every_summary PROPERTIES
      LABELS docs TIMEOUT 600)
  endif()
endfunction()
