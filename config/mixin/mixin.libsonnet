// The rules and dashboards beside this folder as a monitoring mixin, for those who build theirs with Jsonnet. It holds
// nothing of its own. Another selector than job="geophone":
//
//   local geophone = (import 'mixin.libsonnet') + { _config+:: { selector: 'job="sensors"' } };
//   std.manifestYamlDoc(geophone.prometheusAlerts)
{
  _config+:: { selector: 'job="geophone"' },

  local rules(text) = std.parseYaml(std.strReplace(text, 'job="geophone"', $._config.selector)),

  prometheusAlerts+:: { groups+: rules(importstr '../prometheus/geophone.alerts.yaml').groups },
  prometheusRules+:: { groups+: rules(importstr '../prometheus/geophone.rules.yaml').groups },

  grafanaDashboards+:: {
    'geophone-client.json': std.parseJson(importstr '../grafana/dashboards/client.json'),
    'geophone-fleet.json': std.parseJson(importstr '../grafana/dashboards/fleet.json'),
    'geophone-overview.json': std.parseJson(importstr '../grafana/dashboards/overview.json'),
    'geophone-sensor.json': std.parseJson(importstr '../grafana/dashboards/sensor.json'),
  },
}
