internal import ClusterModel
internal import Engine

extension ContainerOrder {
    /// The container's security context, and the pod's where it says nothing.
    func secure(
        _ container: ContainerObject, _ config: inout ContainerConfig, _ host: inout HostConfig
    ) throws(AgentError) {
        let own = container.security
        let shared = facts.pod.spec["securityContext"]
        func either(_ name: String) -> Field { own[name].isPresent ? own[name] : shared[name] }
        let user = either("runAsUser").number
        let group = either("runAsGroup").number
        if either("runAsNonRoot").flag == true, user == 0 {
            throw .configuration("\(either("runAsUser").path): container's runAsUser breaks non-root policy")
        }
        if user != nil || group != nil { config.user = "\(user ?? 0)" + (group.map { ":\($0)" } ?? "") }
        let groups = shared["supplementalGroups"].list + (shared["fsGroup"].text.map { [$0] } ?? [])
        if !groups.isEmpty { host.groupAdd = groups }
        host.privileged = own["privileged"].flag ?? false
        host.readonlyRootfs = own["readOnlyRootFilesystem"].flag ?? false
        let (add, drop) = (own["capabilities"]["add"].list, own["capabilities"]["drop"].list)
        if !add.isEmpty { host.capAdd = WordList(add) }
        if !drop.isEmpty { host.capDrop = WordList(drop) }
        var options: [String] = []
        if own["allowPrivilegeEscalation"].flag == false { options.append("no-new-privileges") }
        switch either("seccompProfile")["type"].text {
        case "Unconfined": options.append("seccomp=unconfined")
        case nil, "RuntimeDefault": break
        case let other?:
            throw .configuration(
                "\(either("seccompProfile").path).type: \(other) profiles are not supported on this node")
        }
        switch either("appArmorProfile")["type"].text {
        case "Unconfined": options.append("apparmor=unconfined")
        case nil, "RuntimeDefault": break
        default: options.append("apparmor=\(either("appArmorProfile")["localhostProfile"].text ?? "")")
        }
        if own["procMount"].text == "Unmasked" { options.append("systempaths=unconfined") }
        if !options.isEmpty { host.securityOpt = options }
        for name in ["windowsOptions", "seLinuxOptions"] where either(name).isPresent {
            throw .configuration("\(either(name).path): not supported on this node")
        }
    }

    /// Whether the image's own user may be root; asked once the image is here.
    static func mustNotBeRoot(_ container: ContainerObject, in pod: PodObject) -> Bool {
        let own = container.security["runAsNonRoot"]
        let isAsked = (own.isPresent ? own : pod.spec["securityContext"]["runAsNonRoot"]).flag ?? false
        let user = container.security["runAsUser"].isPresent || pod.spec["securityContext"]["runAsUser"].isPresent
        return isAsked && !user
    }
}
