/// Everything that can be asked of a group, by controller.
package struct ResourceLimits: Hashable, Sendable {
    package var memory = Memory()
    package var cpu = CPU()
    package var cpuset = CPUSet()
    package var pids = Pids()
    package var blockIO = BlockIO()
    package var hugePages = HugePages()
    package var network = Network()
    package var rdma = RDMA()
    package var devices = Devices()
    package var unified = Unified()

    package init() {}

    /// In the order of writing: where a group may run before how much it may use, and files by name last.
    var controllers: [any Controller] {
        [cpuset, memory, cpu, pids, blockIO, hugePages, network, rdma, devices, unified]
    }

    /// What has no effect in `tree` although it was asked for, each with its reason.
    package func ignored(in tree: CgroupTree) -> [String] {
        controllers.flatMap { controller in
            controller.ignored(on: tree.hierarchy(of: type(of: controller)))
        }
    }

    /// Everything to write into a group of `tree`, in order.
    ///
    /// - Throws: ``CgroupError/unsupported(controller:knob:remedy:)`` and
    ///   ``CgroupError/invalid(controller:knob:why:)``; what needs the kernel to say no is found when it is written.
    package func settings(in tree: CgroupTree) throws(CgroupError) -> [[Setting]] {
        var all: [[Setting]] = []
        for controller in controllers {
            let settings = try controller.settings(on: tree.hierarchy(of: type(of: controller)))
            if !settings.isEmpty { all.append(settings) }
        }
        return all
    }
}

extension CgroupTree {
    /// The generation whose settings `controller` writes here.
    func hierarchy(of controller: any Controller.Type) -> Hierarchy {
        let fallback: Hierarchy = layout == .unified ? .v2 : .v1
        let onV1 = controller.names(on: .v1).compactMap { mount(of: $0) }
        if onV1.contains(where: { $0.hierarchy == .v1 }) { return .v1 }
        // `unified` names files of v2 whatever else is mounted.
        return unified == nil ? fallback : .v2
    }
}
