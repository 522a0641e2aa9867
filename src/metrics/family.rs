//! From an entry of the catalogue and its figures to what the text is made of. It knows no metric.

use std::collections::HashMap;

use prometheus::core::Desc;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

use super::catalogue::{Entry, Kind};

impl Entry {
    /// What the registry wants to know beforehand.
    pub(super) fn desc(&self) -> Desc {
        let labels = self.labels.iter().map(|label| label.name.to_owned()).collect();
        Desc::new(self.name.to_owned(), self.help.to_owned(), labels, HashMap::new())
            .expect("names and help of the catalogue are valid; a test renders it")
    }

    /// The metric with one sample, without labels.
    pub(super) fn value(&self, value: f64) -> MetricFamily {
        self.samples([([], value)])
    }

    /// The metric with its samples; each has the values of the labels, in their order.
    pub(super) fn samples<const N: usize>(
        &self,
        samples: impl IntoIterator<Item = ([String; N], f64)>,
    ) -> MetricFamily {
        debug_assert_eq!(self.labels.len(), N, "{}", self.name);
        let mut family = MetricFamily::default();
        family.set_name(self.name.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(match self.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
        });
        family.set_metric(samples.into_iter().map(|(values, value)| self.sample(values, value)).collect());
        family
    }

    fn sample<const N: usize>(&self, values: [String; N], value: f64) -> Metric {
        let pairs = self.labels.iter().zip(values).map(|(label, value)| {
            let mut pair = LabelPair::default();
            pair.set_name(label.name.to_owned());
            pair.set_value(value);
            pair
        });
        let mut metric = Metric::from_label(pairs.collect());
        match self.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
        }
        metric
    }
}
