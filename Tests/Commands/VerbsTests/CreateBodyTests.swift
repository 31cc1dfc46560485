import JSON
import LinuxKernel
import TestSupport
import Testing

@testable import Verbs

@Suite("the flags of run and create")
struct CreateBodyTests {
    private func body(_ words: [String], _ command: [String] = []) throws -> JSONValue {
        let run = try Run.parsed(words[...] + ["img"] + command[...])
        return try run.container.body(
            image: run.image, command: run.command, streams: try run.container.streams(detached: run.isDetached)
        ) { $0 == "SET" ? "inherited" : nil }
    }

    /// What flags set in the body, without what is always there.
    private func config(_ words: [String]) throws -> JSONObject {
        var config = try body(["-d"] + words).objectValue ?? [:]
        #expect(config.removeValue(forKey: "Image") == "img")
        config["HostConfig"] = nil
        return config
    }

    private func host(_ words: [String]) throws -> JSONObject {
        var host = try body(["-d"] + words)["HostConfig"]?.objectValue ?? [:]
        if host["NetworkMode"] == "default" { host["NetworkMode"] = nil }
        return host
    }

    @Test("nothing but the image and the outputs is said without flags") func plain() throws {
        #expect(
            try body([], ["ls", "-la"]) == [
                "Image": "img", "Cmd": ["ls", "-la"], "AttachStdout": true, "AttachStderr": true,
                "HostConfig": ["NetworkMode": "default"],
            ])
        #expect(try config([]) == [:])
    }

    @Test("attached streams follow -i and -a") func streams() throws {
        let interactive = try body(["-it"])
        #expect(interactive["AttachStdin"] == true && interactive["StdinOnce"] == true)
        #expect(interactive["OpenStdin"] == true && interactive["Tty"] == true)
        let chosen = try body(["-a", "stdin", "-a", "STDERR", "-i"])
        #expect(chosen["AttachStdin"] == true && chosen["AttachStdout"] == nil && chosen["AttachStderr"] == true)
        #expect(try config(["-i"]) == ["OpenStdin": true])
    }

    @Test(
        "set the container's configuration",
        arguments: [
            (
                "-h web --domainname d.org -u 1:2 -w /w",
                #"{"Hostname":"web","Domainname":"d.org","User":"1:2","WorkingDir":"/w"}"#
            ),
            ("-e A=1 -e SET -e UNSET", #"{"Env":["A=1","SET=inherited","UNSET"]}"#),
            ("-l a=1 --label b", #"{"Labels":{"a":"1","b":""}}"#), ("--entrypoint /x", #"{"Entrypoint":["/x"]}"#),
            ("--stop-signal INT --stop-timeout 3", #"{"StopSignal":"INT","StopTimeout":3}"#),
            ("-v /data", #"{"Volumes":{"/data":{}}}"#),
            ("--expose 80-81/udp", #"{"ExposedPorts":{"80/udp":{},"81/udp":{}}}"#),
            (
                "--health-cmd x --health-interval 5s --health-timeout 1m --health-retries 2 --health-start-period 1s --health-start-interval 2s",
                #"{"Healthcheck":{"Test":["CMD-SHELL","x"],"Interval":5000000000,"Timeout":60000000000,"StartPeriod":1000000000,"StartInterval":2000000000,"Retries":2}}"#
            ),
            ("--no-healthcheck", #"{"Healthcheck":{"Test":["NONE"]}}"#),
            (
                "--mac-address 02:00:00:00:00:01 --ip 10.0.0.2 --ip6 2001:db8::1 --link-local-ip 169.254.1.1 --network-alias a --net n",
                #"{"MacAddress":"02:00:00:00:00:01","NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"IPv4Address":"10.0.0.2","IPv6Address":"2001:db8::1","LinkLocalIPs":["169.254.1.1"]},"Aliases":["a"],"MacAddress":"02:00:00:00:00:01"}}}}"#
            ),
            (
                "--network name=n,alias=a,ip=10.0.0.2,driver-opt=k=v --network m",
                #"{"NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"IPv4Address":"10.0.0.2"},"Aliases":["a"],"DriverOpts":{"k":"v"}},"m":{}}}}"#
            ),
        ])
    func configuration(words: String, json: String) throws {
        #expect(
            JSONValue.object(try config(words.split(separator: " ").map(String.init))) == (try JSONValue(parsing: json))
        )
    }

    @Test(
        "set what the host gives",
        arguments: [
            ("--rm", #"{"AutoRemove":true}"#),
            ("--rm=false --init --privileged --read-only", #"{"Init":true,"Privileged":true,"ReadonlyRootfs":true}"#),
            (
                "-m 64m --memory-swap -1 --memory-reservation 32m --kernel-memory 1g --memory-swappiness 10",
                #"{"Memory":67108864,"MemorySwap":-1,"MemoryReservation":33554432,"KernelMemory":1073741824,"MemorySwappiness":10}"#
            ),
            ("--memory-swappiness -1", "{}"),
            (
                "--cpus 1.5 -c 512 --cpu-period 100000 --cpu-quota -1 --cpuset-cpus 0-1 --cpuset-mems 0 --cpu-rt-period 1 --cpu-rt-runtime 2",
                #"{"NanoCpus":1500000000,"CpuShares":512,"CpuPeriod":100000,"CpuQuota":-1,"CpusetCpus":"0-1","CpusetMems":"0","CpuRealtimePeriod":1,"CpuRealtimeRuntime":2}"#
            ),
            (
                "--blkio-weight 300 --blkio-weight-device /dev/sda:200 --device-read-bps /dev/sda:1mb --device-write-iops /dev/sda:9",
                #"{"BlkioWeight":300,"BlkioWeightDevice":[{"Path":"/dev/sda","Weight":200}],"BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":1048576}],"BlkioDeviceWriteIOps":[{"Path":"/dev/sda","Rate":9}]}"#
            ),
            (
                "--device-write-bps /dev/a:1 --device-read-iops /dev/b:2",
                #"{"BlkioDeviceWriteBps":[{"Path":"/dev/a","Rate":1}],"BlkioDeviceReadIOps":[{"Path":"/dev/b","Rate":2}]}"#
            ),
            (
                "--pids-limit 7 --oom-kill-disable --oom-score-adj -5 --shm-size 1m --cgroup-parent /p",
                #"{"PidsLimit":7,"OomKillDisable":true,"OomScoreAdj":-5,"ShmSize":1048576,"CgroupParent":"/p"}"#
            ),
            (
                "--ulimit nofile=1024:2048 --ulimit core=0 --ulimit memlock=-1:-1",
                #"{"Ulimits":[{"Name":"nofile","Soft":1024,"Hard":2048},{"Name":"core","Soft":0,"Hard":0},{"Name":"memlock","Soft":-1,"Hard":-1}]}"#
            ),
            (
                "--device /dev/fuse --device /dev/a:/dev/b --device /dev/c:r --device /dev/d:/dev/e:rw --device v.com/g=0",
                #"{"Devices":[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"},{"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"rwm"},{"PathOnHost":"/dev/c","PathInContainer":"/dev/c","CgroupPermissions":"r"},{"PathOnHost":"/dev/d","PathInContainer":"/dev/e","CgroupPermissions":"rw"}],"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["v.com/g=0"]}]}"#
            ),
            ("--device-cgroup-rule=c_1:3_r", #"{"DeviceCgroupRules":["c_1:3_r"]}"#),
            ("-v /a:/b -v=/c:/d:ro -v name:/e", #"{"Binds":["/a:/b","/c:/d:ro","name:/e"]}"#),
            ("--tmpfs /t --tmpfs /u:size=1m,noexec", #"{"Tmpfs":{"/t":"","/u":"size=1m,noexec"}}"#),
            (
                "--volumes-from x:ro --volume-driver d --storage-opt size=1g",
                #"{"VolumesFrom":["x:ro"],"VolumeDriver":"d","StorageOpt":{"size":"1g"}}"#
            ),
            (
                "--cap-add NET_ADMIN --cap-drop ALL --group-add 7",
                #"{"CapAdd":["NET_ADMIN"],"CapDrop":["ALL"],"GroupAdd":["7"]}"#
            ),
            (
                "--security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt label:disable",
                #"{"SecurityOpt":["no-new-privileges","seccomp=unconfined","label:disable"]}"#
            ),
            ("--security-opt systempaths=unconfined", #"{"MaskedPaths":[],"ReadonlyPaths":[]}"#),
            (
                "--userns host --cgroupns private --ipc shareable --pid host --uts host --runtime crun --isolation default",
                #"{"UsernsMode":"host","CgroupnsMode":"private","IpcMode":"shareable","PidMode":"host","UTSMode":"host","Runtime":"crun","Isolation":"default"}"#
            ),
            ("--sysctl net.a=1 --annotation k=v", #"{"Sysctls":{"net.a":"1"},"Annotations":{"k":"v"}}"#),
            ("--restart on-failure:3", #"{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}}"#),
            ("--restart always", #"{"RestartPolicy":{"Name":"always"}}"#),
            ("--log-driver none", #"{"LogConfig":{"Type":"none","Config":{}}}"#),
            ("--log-opt max-size=1m", #"{"LogConfig":{"Type":"","Config":{"max-size":"1m"}}}"#),
            ("--net container:x", #"{"NetworkMode":"container:x"}"#), ("--network host", #"{"NetworkMode":"host"}"#),
            (
                "-P --dns 1.1.1.1 --dns-opt a --dns-search b --add-host h:1.2.3.4 --add-host v=[::1]",
                #"{"PublishAllPorts":true,"Dns":["1.1.1.1"],"DnsOptions":["a"],"DnsSearch":["b"],"ExtraHosts":["h:1.2.3.4","v:::1"]}"#
            ),
            (
                "-p 80 -p 8080:80 -p 127.0.0.1:53:53/udp",
                #"{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":""},{"HostIp":"","HostPort":"8080"}],"53/udp":[{"HostIp":"127.0.0.1","HostPort":"53"}]}}"#
            ),
            (
                "-p [::1]:8000-8001:90-91 -p 9000-9010:70",
                #"{"PortBindings":{"90/tcp":[{"HostIp":"::1","HostPort":"8000"}],"91/tcp":[{"HostIp":"::1","HostPort":"8001"}],"70/tcp":[{"HostIp":"","HostPort":"9000-9010"}]}}"#
            ),
            (
                "-p published=8080,target=80,protocol=udp",
                #"{"PortBindings":{"80/udp":[{"HostIp":"","HostPort":"8080"}]}}"#
            ),
            (
                "--mount type=bind,src=/a,dst=/b,ro,bind-propagation=rslave,bind-recursive=disabled",
                #"{"Mounts":[{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"Propagation":"rslave","NonRecursive":true}}]}"#
            ),
            (
                "--mount src=v,target=/v,volume-nocopy,volume-label=a=b,volume-driver=d,volume-opt=o=1,volume-subpath=s",
                #"{"Mounts":[{"Type":"volume","Source":"v","Target":"/v","VolumeOptions":{"NoCopy":true,"Subpath":"s","Labels":{"a":"b"},"DriverConfig":{"Name":"d","Options":{"o":"1"}}}}]}"#
            ),
            (
                "--mount type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770,readonly=false",
                #"{"Mounts":[{"Type":"tmpfs","Target":"/t","ReadOnly":false,"TmpfsOptions":{"SizeBytes":1048576,"Mode":1016}}]}"#
            ),
        ])
    func hostConfiguration(words: String, json: String) throws {
        #expect(
            JSONValue.object(try host(words.split(separator: " ").map(String.init))) == (try JSONValue(parsing: json)))
    }

    @Test("files of variables and labels are read, seccomp profiles travel inline") func files() throws {
        try withScratchDirectorySync { folder in
            try WholeFile.replace("\(folder)/env", with: Array("# c\n\n  A=1\nSET\nUNSET\nB=x y\n".utf8))
            try WholeFile.replace("\(folder)/labels", with: Array("l=1\nm\n".utf8))
            try WholeFile.replace("\(folder)/seccomp", with: Array("{ \"defaultAction\" : \"SCMP_ACT_ALLOW\" }".utf8))
            let words = [
                "--env-file", "\(folder)/env", "-e", "A=2", "--label-file", "\(folder)/labels", "-l", "l=2",
                "--security-opt", "seccomp=\(folder)/seccomp",
            ]
            #expect(
                try config(words) == ["Env": ["A=1", "SET=inherited", "B=x y", "A=2"], "Labels": ["l": "2", "m": ""]])
            #expect(try host(words) == ["SecurityOpt": [#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#]])
        }
    }

    @Test(
        "that contradict each other or themselves are refused with 125",
        arguments: [
            ("--rm --restart always", "conflicting options: cannot specify both --restart and --rm"),
            ("-d -a stdout", "conflicting options: cannot specify both --attach and --detach"),
            (
                "-a nothing",
                "invalid argument \"nothing\" for \"-a, --attach\": valid streams are STDIN, STDOUT and STDERR"
            ),
            ("--no-healthcheck --health-cmd x", "--no-healthcheck conflicts with --health-* options"),
            ("--log-driver none --log-opt a=b", "invalid logging opts for driver none"),
            ("--ulimit nofile", "invalid argument \"nofile\" for \"--ulimit\": expected name=soft[:hard]"),
            (
                "--ulimit nofile=9:8",
                "invalid argument \"nofile=9:8\" for \"--ulimit\": the soft limit must not exceed the hard limit"
            ),
            (
                "--restart on-failure:x",
                "invalid restart policy format: maximum retry count must be an integer: on-failure:x"
            ),
            ("-p 1-2:3-5", "invalid ranges specified for container and host Ports: 1-2:3-5"),
            ("-p 99999", "invalid container port: 99999 in 99999"), ("-p 80/x", "invalid proto: x in 80/x"),
            ("--sysctl x", "invalid argument \"x\" for \"--sysctl\": expected key=value"),
            ("--device a:b:c:d", "invalid argument \"a:b:c:d\" for \"--device\": expected host[:container[:rwm]]"),
            ("-v a:b:c:d", "invalid volume specification: 'a:b:c:d'"),
            (
                "--device-read-bps x:1",
                "invalid argument \"x:1\" for \"--device-read-bps\": expected /dev/device:number"
            ),
            ("--add-host x", "invalid argument \"x\" for \"--add-host\": bad format for add-host"),
            ("--env-file /nowhere", "open /nowhere: No such file or directory"),
            (
                "--security-opt seccomp=/nowhere",
                "opening seccomp profile (/nowhere) failed: open /nowhere: No such file or directory"
            ),
        ])
    func refused(words: String, message: String) throws {
        let failure = #expect(throws: Failure.self) { try body(words.split(separator: " ").map(String.init)) }
        #expect(failure?.text == message)
        #expect(failure?.code == 125)
    }

    @Test(
        "mounts are refused with the field that is wrong",
        arguments: [
            ("type=bind,src=/a", "target is required"), ("type=bind,dst=/a", "source is required"),
            ("dst=/a,what=1", "unexpected key 'what' in 'what=1'"),
            ("dst", "invalid field 'dst' must be a key=value pair"),
            ("type=tmpfs,dst=/a,volume-nocopy", "cannot mix 'volume-*' options with mount type 'tmpfs'"),
        ])
    func mounts(text: String, message: String) {
        let error = #expect(throws: FlagError.self) { try MountFlag.parse(text) }
        #expect(error?.reason == message)
    }
}
