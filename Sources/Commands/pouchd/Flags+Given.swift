extension Flags {
    /// The flags that were given, with their values as text: what the configuration file may not have too.
    var given: [String: String] {
        var found: [String: String] = [:]
        func note(_ name: String, _ value: String?) { if let value { found[name] = value } }
        func note(_ name: String, _ values: [String]) {
            if !values.isEmpty { found[name] = "[\(values.joined(separator: " "))]" }
        }
        func note(_ name: String, _ isSet: Bool) { if isSet { found[name] = "true" } }
        note("data-root", dataRoot)
        note("exec-root", execRoot)
        note("host", host)
        note("pidfile", pidfile)
        note("log-level", logLevel)
        note("log-format", logFormat)
        note("debug", debug)
        note("default-runtime", defaultRuntime)
        note("add-runtime", addRuntime)
        note("pouch-runtime", pouchRuntime)
        note("userns-remap", usernsRemap)
        note("cgroup-parent", cgroupParent)
        note("group", group)
        note("label", label)
        note("default-ulimit", defaultUlimit)
        note("init", `init`)
        note("default-shm-size", defaultShmSize)
        note("bridge", bridge)
        note("bip", bridgeAddress)
        note("fixed-cidr", fixedRange)
        note("mtu", mtu.map(String.init))
        note("dns", dns)
        note("dns-search", dnsSearch)
        note("dns-opt", dnsOption)
        note("storage-driver", storageDriver)
        note("image-limit", imageLimit)
        note("image-high-water", imageHighWater.map(String.init))
        note("image-low-water", imageLowWater.map(String.init))
        note("registry-mirror", registryMirror)
        note("insecure-registry", insecureRegistry)
        note("max-concurrent-downloads", maxConcurrentDownloads.map(String.init))
        note("max-concurrent-uploads", maxConcurrentUploads.map(String.init))
        note("log-driver", logDriver)
        note("log-opt", logOption)
        note("seccomp-profile", seccompProfile)
        note("no-new-privileges", noNewPrivileges)
        note("quota-driver", quotaDriver)
        note("shutdown-timeout", shutdownTimeout.map(String.init))
        note("live-restore", liveRestore.map { "\($0)" })
        note("tls", tls)
        note("tlsverify", tlsVerify)
        note("tlscacert", tlsCACert)
        note("tlscert", tlsCert)
        note("tlskey", tlsKey)
        note("registry-listen", registryListen)
        note("registry-push", registryPush)
        note("registry-pull-through", registryPullThrough)
        note("registry-tlscert", registryTLSCert)
        note("registry-tlskey", registryTLSKey)
        note("registry-tlscacert", registryTLSCACert)
        note("registry-plain-http", registryPlainHTTP)
        return found.merging(pool.given) { $1 }.merging(distribution.given) { $1 }
    }
}
