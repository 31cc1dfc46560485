internal import ClusterModel
internal import Scheduling
internal import SchedulerLoop
internal import Testing
internal import Units

@Suite("What a pod asks for")
struct PodReaderTests {
    @Test("sidecars count beside containers; an init container counts with the sidecars before it, where that is more")
    func sidecars() throws {
        let text = """
            metadata: {name: p}
            spec:
              initContainers:
                - {name: s, restartPolicy: Always, resources: {requests: {cpu: 1, memory: 1Mi}}}
                - {name: i, resources: {requests: {cpu: 3}}}
              containers: [{name: a, resources: {requests: {cpu: 2, memory: 2Mi}}}]
            """
        let object = try #require(try YAMLDocuments.read(text, name: "f").first)
        let pod = try PodReader(priorities: [:]).pod(Field(object))
        #expect(pod.template.requirements.resources.cpu.milli == 4000)
        #expect(pod.template.requirements.resources.memory.bytes == 3 << 20)
    }

    @Test("a priority that admission has resolved stands, whatever the class is now; an unknown class alone is refused")
    func priority() throws {
        let resolved = try #require(
            try YAMLDocuments.read(
                "{metadata: {name: p}, spec: {priorityClassName: gone, priority: 7, containers: [{name: a}]}}",
                name: "f"
            ).first)
        #expect(try PodReader(priorities: [:]).pod(Field(resolved)).template.priority == 7)
        let unknown = try #require(
            try YAMLDocuments.read(
                "{metadata: {name: p}, spec: {priorityClassName: gone, containers: [{name: a}]}}", name: "f"
            ).first)
        #expect(throws: ManifestError("spec.priorityClassName", "there is no PriorityClass gone")) {
            try PodReader(priorities: [:]).pod(Field(unknown))
        }
    }
}
