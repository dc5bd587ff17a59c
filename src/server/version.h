/* The versions that the server tells. */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#include "dispatch/dispatch.h"

#define TARN_VERSION "0.1.0"
#define TARN_COMPATIBLE_VERSION DISPATCH_COMPATIBLE_VERSION

#endif
