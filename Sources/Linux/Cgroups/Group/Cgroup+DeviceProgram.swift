internal import CLinux
internal import Glibc
internal import LinuxKernel

extension Cgroup {
    /// Puts a program for `rules` in the place of those that the group has.
    ///
    /// Programs of one group all have to agree, so at no moment is more allowed than either the old or the new rules do.
    func applyDeviceProgram(_ rules: [DeviceRule]) throws(CgroupError) {
        guard let mount = tree.unified else {
            throw .unsupported(controller: "devices", knob: "device rules", remedy: "mount cgroup v2")
        }
        do {
            let group = try Descriptor.open(directory(on: mount), O_RDONLY | O_DIRECTORY)
            let old = try Self.programs(on: group)
            let program = try Self.load(DeviceProgram(rules))
            let replaced = old.count == 1 ? try Self.open(old[0]) : nil
            try Self.attach(program, to: group, replacing: replaced)
            if replaced == nil {
                for id in old { try Self.detach(try Self.open(id), from: group) }
            }
        } catch {
            throw .kernel(doing: "install device program of cgroup \(path)", error)
        }
    }

    private static func load(_ program: DeviceProgram) throws(SyscallError) -> Descriptor {
        let bytes = program.bytes
        let count = UInt32(program.instructions.count)
        do {
            return Descriptor(
                owning: try checkNegative("bpf", "BPF_PROG_LOAD") { clinux_bpf_load_device(bytes, count, nil, 0) })
        } catch {
            // Once more with the verifier's words, of which the last line says what it disliked.
            guard error.errno == EINVAL || error.errno == EACCES else { throw error }
            var log = [CChar](repeating: 0, count: 65536)
            let again = clinux_bpf_load_device(bytes, count, &log, UInt32(log.count))
            if again >= 0 { return Descriptor(owning: again) }
            let text = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let line = text.split(separator: "\n").last ?? ""
            throw SyscallError("bpf", errno: error.errno, subject: "BPF_PROG_LOAD: \(line)")
        }
    }

    private static func programs(on group: borrowing Descriptor) throws(SyscallError) -> [UInt32] {
        var ids = [UInt32](repeating: 0, count: 64)
        let number = group.raw
        let count = try checkNegative("bpf", "BPF_PROG_QUERY") { clinux_bpf_query_device(number, &ids, 64) }
        return Array(ids.prefix(Int(count)))
    }

    private static func open(_ id: UInt32) throws(SyscallError) -> Descriptor {
        Descriptor(owning: try checkNegative("bpf", "BPF_PROG_GET_FD_BY_ID \(id)") { clinux_bpf_program(id) })
    }

    private static func attach(
        _ program: borrowing Descriptor, to group: borrowing Descriptor, replacing old: borrowing Descriptor?
    ) throws(SyscallError) {
        let (new, target) = (program.raw, group.raw)
        var number: Int32 = -1
        switch old {
        case .some(let descriptor): number = descriptor.raw
        case .none: break
        }
        try checkNegative("bpf", "BPF_PROG_ATTACH") { clinux_bpf_attach_device(target, new, number) }
    }

    private static func detach(
        _ program: borrowing Descriptor, from group: borrowing Descriptor
    ) throws(SyscallError) {
        let (old, target) = (program.raw, group.raw)
        try checkNegative("bpf", "BPF_PROG_DETACH") { clinux_bpf_detach_device(target, old) }
    }
}
