internal import Glibc
internal import LinuxKernel
internal import TestSupport

/// A `pouch-server` of the benchmark's own, on a port of loopback that was free.
struct ServerUnderTest {
    let command: RunningCommand
    let port: UInt16

    /// Starts it over `folder`, and returns when it listens.
    init(_ folder: String) throws {
        var limit = rlimit(rlim_cur: 200_000, rlim_max: 200_000)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let words = [Executables.poolServer, "serve", "--listen", "127.0.0.1:0", "--data", "\(folder)/data"]
        command = try RunningCommand(["/bin/sh", "-c", "exec \"$@\" 2>>\"\(folder)/log\"", "sh"] + words)
        let text = command.readOutput(until: "\n", timeout: .seconds(120))
        guard let port = text.split(separator: ":").last.flatMap({ UInt16($0.filter(\.isNumber)) }) else {
            throw BenchmarkError("pouch-server did not start; see \(folder)/log")
        }
        self.port = port
    }

    /// Its processor time so far, in seconds.
    var processorSeconds: Double {
        let text = String(decoding: (try? WholeFile.read("/proc/\(command.pid)/stat")) ?? [], as: UTF8.self)
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ").map { Double($0) ?? 0 }
        return fields.count > 12 ? (fields[11] + fields[12]) / Double(sysconf(Int32(_SC_CLK_TCK))) : 0
    }

    var residentBytes: Double {
        let text = String(decoding: (try? WholeFile.read("/proc/\(command.pid)/statm")) ?? [], as: UTF8.self)
        return (text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0)
            * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    func end() {
        command.signal(SIGTERM)
        _ = command.finish(timeout: .seconds(60))
    }
}

/// The requests of the load, as bytes.
enum LoadRequests {
    private static func request(
        _ method: String, _ path: String, _ body: String, type: String = "application/json"
    ) -> [UInt8] {
        Array(
            ("\(method) \(path) HTTP/1.1\r\nHost: pool\r\nContent-Type: \(type)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
    }

    /// A node that is ready and has 32 processors and room for 110 pods.
    static func nodeBody(_ number: Int) -> String {
        """
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"node-\(number)","labels":{"kubernetes.io/hostname":\
        "node-\(number)","kubernetes.io/arch":"amd64","kubernetes.io/os":"linux","topology.kubernetes.io/zone":\
        "zone-\(number % 3)"}},"spec":{},"status":{"capacity":{"cpu":"32","memory":"128Gi","pods":"110",\
        "ephemeral-storage":"1Ti"},"allocatable":{"cpu":"32","memory":"128Gi","pods":"110","ephemeral-storage":"1Ti"},\
        "conditions":[{"type":"Ready","status":"True","reason":"NodeReady","message":"the node is ready"}],\
        "addresses":[{"type":"InternalIP","address":"10.0.\(number / 256).\(number % 256)"}]}}
        """
    }

    static func node(_ number: Int) -> [UInt8] { request("POST", "/api/v1/nodes", nodeBody(number)) }

    static func lease(_ number: Int) -> [UInt8] {
        request(
            "POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
            """
            {"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"node-\(number)"},"spec":\
            {"holderIdentity":"node-\(number)","leaseDurationSeconds":40,"renewTime":"2026-01-01T00:00:00.000000Z"}}
            """)
    }

    static func renewal(_ number: Int, round: Int) -> [UInt8] {
        let micro = String(round % 1_000_000)
        let time = "2026-01-01T00:00:01." + String(repeating: "0", count: 6 - micro.count) + micro + "Z"
        return request(
            "PATCH", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-\(number)",
            "{\"spec\":{\"renewTime\":\"\(time)\"}}", type: "application/merge-patch+json")
    }

    /// A pod as a client writes it.
    static func podBody(_ round: Int, _ number: Int) -> String {
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"load-\(round)-\(number)","labels":{"app":"web","tier":"front",\
        "pod-template-hash":"5d59d67564"}},"spec":{"containers":[{"name":"main","image":"registry.example/web:1.2",\
        "args":["serve","--port","8080"],"env":[{"name":"MODE","value":"production"}],"ports":[{"containerPort":8080}],\
        "resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"256Mi"}}}]}}
        """
    }

    static func pod(_ round: Int, _ number: Int) -> [UInt8] {
        request("POST", "/api/v1/namespaces/default/pods", podBody(round, number))
    }
}
