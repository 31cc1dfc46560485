// ldns: DNS messages in and out of their wire format. Its resolver is never used.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <ldns/wire2host.h>
#include <ldns/host2wire.h>
#include <ldns/host2str.h>
#include <ldns/dname.h>
#include <ldns/packet.h>
#include <ldns/rdata.h>
#include <ldns/rr.h>
