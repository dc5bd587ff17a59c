/* The versions that the server tells. */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#include "dispatch/dispatch.h"

#ifndef TARN_VERSION /* the build says it */
#error "TARN_VERSION is not defined"
#endif
#define TARN_COMPATIBLE_VERSION DISPATCH_COMPATIBLE_VERSION

#endif
