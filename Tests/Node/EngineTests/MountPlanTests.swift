@testable import Engine
import Testing

@Suite("Mount plans")
struct MountPlanTests {
    private func plan(_ change: (inout HostConfig, inout ContainerConfig) -> Void) throws -> [PlannedMount] {
        var host = HostConfig()
        var config = ContainerConfig()
        change(&host, &config)
        return try MountPlan.make(host: host, config: config, inherited: [])
    }

    private func refusal(_ change: (inout HostConfig, inout ContainerConfig) -> Void) -> String? {
        do {
            _ = try plan(change)
            return nil
        } catch {
            return (error as? EngineError)?.message
        }
    }

    @Test("binds are paths, volumes are names, and modes are read")
    func binds() throws {
        let mounts = try plan { host, _ in host.binds = ["/src:/dst:ro,rslave", "data:/data:nocopy", "/anon"] }
        #expect(mounts.map(\.destination) == ["/anon", "/data", "/dst"])
        #expect(mounts[0].anonymous && mounts[0].kind == .volume)
        #expect(mounts[1].source == "data" && mounts[1].noCopy)
        #expect(
            mounts[2].kind == .bind && mounts[2].readOnly && mounts[2].propagation == "rslave" && mounts[2].createSource
        )
    }

    @Test("what cannot be mounted is refused in docker's words")
    func refusals() {
        #expect(refusal { host, _ in host.binds = ["/a:/b", "/c:/b"] } == "Duplicate mount point: /b")
        #expect(refusal { host, _ in host.binds = ["/a:b"] }?.contains("mount path must be absolute") == true)
        #expect(refusal { host, _ in host.binds = ["/a:/b:nope"] } == "invalid mode: nope")
        #expect(refusal { host, _ in host.binds = ["/a:/"] }?.contains("destination can't be '/'") == true)
        #expect(refusal { host, _ in host.binds = ["na me:/x"] }?.contains("invalid characters") == true)
        #expect(refusal { host, _ in host.binds = ["a:b:c:d"] } == "invalid volume specification: 'a:b:c:d'")
        var mount = MountRequest()
        mount.type = "bind"
        mount.target = "/x"
        #expect(refusal { host, _ in host.mounts = [mount] }?.contains("field Source must not be empty") == true)
        mount.type = "npipe"
        #expect(refusal { host, _ in host.mounts = [mount] } == "mount type unknown: \"npipe\"")
    }

    @Test("an image's volumes give way to what the user mounts, and parents come before children")
    func order() throws {
        let mounts = try plan { host, config in
            host.binds = ["/h:/data/sub/deep", "/h2:/var/lib"]
            host.tmpfs = ["/tmp": "size=1m,exec"]
            config.volumes = ["/data": EmptyObject(), "/var/lib/": EmptyObject()]
        }
        #expect(mounts.map(\.destination) == ["/data", "/tmp", "/var/lib", "/data/sub/deep"])
        #expect(mounts[0].kind == .volume && mounts[0].anonymous)
        #expect(mounts[2].kind == .bind)
    }

    @Test("paths are cleaned and never climb")
    func paths() {
        #expect(PathText.cleaned("//a/./b/../c/") == "/a/c")
        #expect(PathText.cleaned("/../..") == "/")
        #expect(PathText.climbs("a/../../b"))
        #expect(PathText.climbs("/a"))
        #expect(!PathText.climbs("a/../b"))
    }
}
