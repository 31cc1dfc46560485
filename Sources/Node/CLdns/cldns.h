// ldns: DNS messages in and out of their wire format. Its resolver is never used.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <ldns/ldns.h>
