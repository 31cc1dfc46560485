import Testing

@testable import HTTPKit

@Suite struct MetricsRegistryTests {
    @Test("counters, gauges and histograms are written as Prometheus reads them") func text() {
        let metrics = MetricsRegistry()
        metrics.count("a_total", help: "As.", labels: [("code", "200"), ("route", "/x\"y")])
        metrics.count("a_total", help: "As.", labels: [("code", "200"), ("route", "/x\"y")], by: 2)
        metrics.gauge("b", help: "Bs.") { 1.5 }
        metrics.observe("c_seconds", help: "Cs.", .milliseconds(30))
        let text = metrics.text()
        #expect(text.contains("# TYPE a_total counter\na_total{code=\"200\",route=\"/x\\\"y\"} 3\n"))
        #expect(text.contains("# HELP b Bs.\n# TYPE b gauge\nb 1.5\n"))
        #expect(text.contains("c_seconds_bucket{le=\"0.025\"} 0\nc_seconds_bucket{le=\"0.05\"} 1\n"))
        #expect(text.contains("c_seconds_bucket{le=\"+Inf\"} 1\nc_seconds_sum 0.03\nc_seconds_count 1\n"))
    }
}
