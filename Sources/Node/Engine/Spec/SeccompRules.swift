internal import JSON
internal import RuntimeSpec
internal import Seccomp

/// System call filters as a bundle carries them.
enum SeccompRules {
    /// Our own profile for a container with these capabilities.
    static func standard(capabilities: [String], kernel: KernelVersion) -> RuntimeSpec.Seccomp? {
        spec(.default(capabilities: Set(capabilities), kernel: kernel))
    }

    private static func spec(_ profile: SeccompProfile) -> RuntimeSpec.Seccomp? {
        guard let action = RuntimeSpec.Seccomp.Action(rawValue: profile.defaultAction.name) else { return nil }
        return RuntimeSpec.Seccomp(
            defaultAction: action, defaultErrnoRet: profile.defaultAction.errno.map(UInt32.init),
            architectures: profile.architectures.compactMap { RuntimeSpec.Seccomp.Arch(rawValue: $0.rawValue) },
            syscalls: profile.rules.compactMap(rule))
    }

    private static func rule(_ rule: SeccompRule) -> RuntimeSpec.Seccomp.Syscall? {
        guard let action = RuntimeSpec.Seccomp.Action(rawValue: rule.action.name) else { return nil }
        let conditions = rule.conditions.compactMap { condition in
            RuntimeSpec.Seccomp.Operator(rawValue: condition.comparison.rawValue).map { comparison in
                RuntimeSpec.Seccomp.Arg(
                    index: condition.argument, value: condition.value,
                    valueTwo: condition.comparison == .maskedEqual ? condition.maskedValue : nil, op: comparison)
            }
        }
        return RuntimeSpec.Seccomp.Syscall(
            names: rule.names, action: action, errnoRet: rule.action.errno.map(UInt32.init),
            args: conditions.isEmpty ? nil : conditions)
    }

    /// A profile as Docker's users write it: the runtime's format, with conditions on capabilities and kernels.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` when it is no profile.
    static func parse(_ text: String, capabilities: [String], kernel: KernelVersion) throws(EngineError)
        -> RuntimeSpec.Seccomp
    {
        do throws(JSONError) {
            let root = JSONField(try JSONValue(parsing: text))
            var seccomp = RuntimeSpec.Seccomp(defaultAction: try root["defaultAction"].read())
            seccomp.defaultErrnoRet = try root["defaultErrnoRet"].intIfPresent()
            seccomp.architectures = try root["architectures"].readIfPresent()
            for map in try root["archMap"].elementsIfPresent() ?? [] where seccomp.architectures == nil {
                let own: RuntimeSpec.Seccomp.Arch = try map["architecture"].read()
                guard own.rawValue == SeccompArchitecture.native.rawValue else { continue }
                let others: [RuntimeSpec.Seccomp.Arch]? = try map["subArchitectures"].readIfPresent()
                seccomp.architectures = [own] + (others ?? [])
            }
            seccomp.flags = try root["flags"].stringsIfPresent()
            seccomp.listenerPath = try root["listenerPath"].stringIfPresent()
            seccomp.listenerMetadata = try root["listenerMetadata"].stringIfPresent()
            var rules: [RuntimeSpec.Seccomp.Syscall] = []
            for rule in try root["syscalls"].elementsIfPresent() ?? [] {
                guard try applies(rule, capabilities: capabilities, kernel: kernel) else { continue }
                var names = try rule["names"].stringsIfPresent() ?? []
                if names.isEmpty { names = [try rule["name"].string()] }
                rules.append(
                    RuntimeSpec.Seccomp.Syscall(
                        names: names, action: try rule["action"].read(), errnoRet: try rule["errnoRet"].intIfPresent(),
                        args: try rule["args"].readIfPresent()))
            }
            seccomp.syscalls = rules
            return seccomp
        } catch {
            throw .invalid("Decoding seccomp profile failed: \(error)")
        }
    }

    private static func applies(_ rule: JSONField, capabilities: [String], kernel: KernelVersion) throws(JSONError)
        -> Bool
    {
        let architectures = ["amd64", "x86", "x32"]
        let included = rule["includes"]
        if let wanted = try included["caps"].stringsIfPresent(), !wanted.allSatisfy(capabilities.contains) {
            return false
        }
        if let wanted = try included["arches"].stringsIfPresent(), !wanted.isEmpty,
            !wanted.contains(where: architectures.contains)
        {
            return false
        }
        if let least = try included["minKernel"].stringIfPresent(), let version = KernelVersion(text: least),
            kernel < version
        {
            return false
        }
        let excluded = rule["excludes"]
        if let banned = try excluded["caps"].stringsIfPresent(), banned.contains(where: capabilities.contains) {
            return false
        }
        if let banned = try excluded["arches"].stringsIfPresent(), banned.contains(where: architectures.contains) {
            return false
        }
        return true
    }
}

extension KernelVersion {
    /// The first two numbers of `6.1.0-27-amd64`.
    init?(text: String) {
        let numbers = text.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else { return nil }
        self.init(numbers[0], numbers[1])
    }
}
