# Compiles c99.c and a kernel's C file with the C compiler alone, links them with the runtime, runs the result.
separate_arguments(FLAGS)
execute_process(
    COMMAND ${CC} ${FLAGS} -std=c99 -pedantic -Wall -Wextra -Werror "-I${SOURCE}" "-I${SOURCE}/runtime/include"
            "${SOURCE}/tests/runtime/c99.c" "${SOURCE}/tests/runtime/fakes/near2.c" "${RUNTIME}" -o "${WORK}/c99" -lpthread -ldl
            COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${EMULATOR} "${WORK}/c99" COMMAND_ERROR_IS_FATAL ANY)
# Neither the runtime nor what it needs is C++ beyond the compiler.
execute_process(COMMAND nm -u "${RUNTIME}" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(symbols MATCHES "(_Zn[wa]|_Zd[la]|_ZNSt|_ZSt|__cxa|__gxx)[^\n]*")
    message(FATAL_ERROR "the runtime needs the C++ library: ${CMAKE_MATCH_0}")
endif()
