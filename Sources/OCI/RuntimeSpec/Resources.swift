package import JSON

extension RuntimeSpec {
    /// The limits of the container's cgroup.
    ///
    /// Source: config-linux.md, "Control groups".
    package struct Resources: Equatable, Sendable {
        /// Rules in order: the last that fits a device decides.
        package var devices: [DeviceCgroup]?
        package var memory: Memory?
        package var cpu: CPU?
        package var pids: Pids?
        package var blockIO: BlockIO?
        package var hugepageLimits: [HugepageLimit]?
        package var network: Network?
        /// By device.
        package var rdma: [String: RDMA]?
        /// Files of cgroup v2 and what is written into them.
        package var unified: [String: String]?
        /// Members that this version of the specification does not know, unchanged.
        package var extra: JSONObject = [:]

        package init(
            devices: [DeviceCgroup]? = nil, memory: Memory? = nil, cpu: CPU? = nil, pids: Pids? = nil,
            blockIO: BlockIO? = nil, hugepageLimits: [HugepageLimit]? = nil, network: Network? = nil,
            rdma: [String: RDMA]? = nil, unified: [String: String]? = nil
        ) {
            self.devices = devices
            self.memory = memory
            self.cpu = cpu
            self.pids = pids
            self.blockIO = blockIO
            self.hugepageLimits = hugepageLimits
            self.network = network
            self.rdma = rdma
            self.unified = unified
        }
    }
}

extension RuntimeSpec.Resources: JSONCodable {
    private static let known = [
        "devices", "memory", "cpu", "pids", "blockIO", "hugepageLimits", "network", "rdma", "unified",
    ]

    package init(json: JSONField) throws(JSONError) {
        devices = try json["devices"].readIfPresent()
        memory = try json["memory"].readIfPresent()
        cpu = try json["cpu"].readIfPresent()
        pids = try json["pids"].readIfPresent()
        blockIO = try json["blockIO"].readIfPresent()
        hugepageLimits = try json["hugepageLimits"].readIfPresent()
        network = try json["network"].readIfPresent()
        rdma = try json["rdma"].readIfPresent()
        unified = try json["unified"].readIfPresent()
        extra = try json.members(besides: Self.known)
    }

    package var json: JSONValue {
        var json = JSONObject()
        json["devices"] = devices?.json
        json["memory"] = memory?.json
        json["cpu"] = cpu?.json
        json["pids"] = pids?.json
        json["blockIO"] = blockIO?.json
        json["hugepageLimits"] = hugepageLimits?.json
        json["network"] = network?.json
        json["rdma"] = rdma?.json
        json["unified"] = unified?.json
        json.merge(extra)
        return .object(json)
    }
}
