@testable import Engine
import Testing

@Suite("Option checks")
struct OptionTests {
    private let validation = OptionValidation(processors: 4, runtimes: ["pouch", "runc"])

    private func refusal(_ change: (inout HostConfig) -> Void) -> String? {
        var host = HostConfig()
        change(&host)
        do throws(EngineError) {
            try validation.checkHost(host)
            _ = try validation.checkResources(host)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("what nobody set is fine")
    func empty() { #expect(refusal { _ in } == nil) }

    @Test("limits that cannot hold are refused in docker's words")
    func limits() {
        #expect(refusal { $0.memory = 1 << 20 } == "Minimum memory limit allowed is 6MB")
        #expect(
            refusal { $0.memorySwap = 1 << 30 }
                == "You should always set the Memory limit when using Memoryswap limit, see usage")
        #expect(
            refusal {
                $0.memory = 64 << 20
                $0.memorySwap = 32 << 20
            } == "Minimum memoryswap limit should be larger than memory limit, see usage")
        #expect(refusal { $0.memorySwappiness = 101 }?.contains("range is 0-100") == true)
        #expect(refusal { $0.nanoCpus = 5_000_000_000 }?.contains("only 4 CPUs") == true)
        #expect(
            refusal {
                $0.nanoCpus = 1_000_000_000
                $0.cpuPeriod = 100_000
            } == "Conflicting options: Nano CPUs and CPU Period cannot both be set")
        #expect(refusal { $0.cpuPeriod = 10 }?.contains("less than 1ms") == true)
        #expect(refusal { $0.cpusetCpus = "0-9" }?.contains("available: 0-3") == true)
        #expect(refusal { $0.cpusetCpus = "x" } == "Invalid value x for cpuset cpus")
        #expect(refusal { $0.blkioWeight = 5 } == "Range of blkio weight is from 10 to 1000")
        #expect(refusal { $0.oomScoreAdj = -1001 }?.contains("[-1000, 1000]") == true)
        #expect(refusal { $0.ulimits = [Ulimit(name: "nofile", soft: 2, hard: 1)] }?.contains("2 > 1") == true)
        #expect(refusal { $0.ulimits = [Ulimit(name: "nofile", soft: -1, hard: -1)] } == nil)
    }

    @Test("restart policies are checked against themselves and auto-removal")
    func policies() {
        #expect(refusal { $0.restartPolicy = RestartPolicy(name: "sometimes") }?.contains("unknown policy") == true)
        #expect(
            refusal { $0.restartPolicy = RestartPolicy(name: "always", maximumRetryCount: 2) }?
                .contains("can only be used with 'on-failure'") == true)
        #expect(
            refusal {
                $0.restartPolicy = RestartPolicy(name: "always")
                $0.autoRemove = true
            } == "can't create 'AutoRemove' container with restart policy")
    }

    @Test("what Pouch does not have is refused by its name")
    func missing() {
        #expect(refusal { $0.deviceRequests = [DeviceRequest()] }?.contains("could not select device driver") == true)
        #expect(refusal { $0.cpuCount = 1 }?.contains("HostConfig.CpuCount") == true)
        #expect(refusal { $0.isolation = "hyperv" }?.contains("isolation") == true)
        #expect(refusal { $0.runtime = "kata" } == "unknown or invalid runtime name: kata")
        #expect(
            refusal { $0.logConfig = LogConfig(type: "fluentd") }?.contains("no log driver named 'fluentd'") == true)
        #expect(refusal { $0.logConfig = LogConfig(type: "json-file", config: ["x": "y"]) }?.contains("'x'") == true)
    }

    @Test("sysctls of the host are refused, those of a namespace taken")
    func sysctls() {
        #expect(refusal { $0.sysctls = ["net.ipv4.ip_forward": "1"] } == nil)
        #expect(refusal { $0.sysctls = ["kernel.panic": "1"] }?.contains("not in a separate kernel namespace") == true)
        #expect(
            refusal {
                $0.sysctls = ["net.ipv4.ip_forward": "1"]
                $0.networkMode = "host"
            }?.contains("host network namespace") == true)
    }

    @Test("names are checked as docker checks them")
    func names() throws {
        #expect(try ContainerName.validated("/web.1") == "web.1")
        for bad in ["a", "", "-x", "a b", "a/b", "é1"] {
            #expect(throws: EngineError.self) { try ContainerName.validated(bad) }
        }
    }

    @Test("signals have names, numbers and real-time forms")
    func signals() {
        #expect(SignalName.number("SIGTERM") == 15)
        #expect(SignalName.number("kill") == 9)
        #expect(SignalName.number("10") == 10)
        #expect(SignalName.number("SIGRTMIN+3") == 37)
        #expect(SignalName.number("RTMAX-1") == 63)
        #expect(SignalName.number("0") == nil)
        #expect(SignalName.number("65") == nil)
        #expect(SignalName.number("NOPE") == nil)
    }

    @Test("capabilities are added to and dropped from the usual ones")
    func capabilities() throws {
        let usual = try CapabilityNames.resolved(add: [], drop: [], privileged: false)
        #expect(Set(usual) == Set(CapabilityNames.standard))
        #expect(try CapabilityNames.resolved(add: ["net_admin"], drop: ["all"], privileged: false) == ["CAP_NET_ADMIN"])
        let most = try CapabilityNames.resolved(add: ["ALL"], drop: ["CAP_SYS_ADMIN"], privileged: false)
        #expect(most.count == CapabilityNames.all.count - 1)
        #expect(try CapabilityNames.resolved(add: [], drop: ["ALL"], privileged: true) == CapabilityNames.all)
        #expect(throws: EngineError.invalid("invalid capability: \"FLY\"")) {
            try CapabilityNames.resolved(add: ["FLY"], drop: [], privileged: false)
        }
    }

    @Test("log options are read, and refused when they contradict each other")
    func logOptions() throws {
        let option = try LogOption(LogConfig(type: "json-file", config: ["max-size": "10m", "max-file": "3"]))
        #expect(option.file == LogOption.File(maxSize: 10 << 20, maxFile: 3))
        #expect(try LogOption(LogConfig(type: "none")).file == nil)
        #expect(try LogOption(LogConfig(type: "json-file", config: ["max-file": "3"])).file?.maxSize == nil)
    }

    @Test("a container takes from its image what it does not say itself")
    func merge() throws {
        var image = ContainerConfig()
        image.env = ["A=1", "B=2"]
        image.cmd = ["sh"]
        image.entrypoint = ["/init"]
        image.workingDir = "/srv"
        image.labels = ["from": "image", "kept": "yes"]
        var asked = ContainerConfig()
        asked.env = ["B=3"]
        asked.labels = ["from": "me"]
        let merged = try ImageMerge.merge(asked, image: image)
        #expect(merged.env == ["B=3", "A=1"])
        #expect(merged.cmd == ["sh"])
        #expect(merged.entrypoint == ["/init"])
        #expect(merged.workingDir == "/srv")
        #expect(merged.labels == ["from": "me", "kept": "yes"])
        asked.entrypoint = ["/mine"]
        #expect(try ImageMerge.merge(asked, image: image).cmd == nil)
        asked.entrypoint = [""]
        asked.cmd = ["ls"]
        #expect(try ImageMerge.merge(asked, image: image).entrypoint == nil)
        #expect(throws: EngineError.invalid("no command specified")) {
            try ImageMerge.merge(ContainerConfig(), image: ContainerConfig())
        }
    }

    @Test("detach keys are found across pieces, and what only looks like them is passed on")
    func detachKeys() throws {
        var keys = try DetachKeys("ctrl-p,ctrl-q")
        #expect(keys.filter([97, 16]).passed == [97])
        let rest = keys.filter([98])
        #expect(rest.passed == [16, 98])
        #expect(!rest.isDetach)
        #expect(keys.filter([16, 17, 99]).isDetach)
        #expect(throws: EngineError.self) { try DetachKeys("ctrl-pp") }
        var one = try DetachKeys("x")
        #expect(one.filter([120]).isDetach)
    }
}
