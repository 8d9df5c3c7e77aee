//! Metrics as OTLP writes them: cumulative since the beginning of the run.

use apex_core::Moment;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric as Sent, NumberDataPoint,
    Sum,
};

use super::clock::Clock;
use super::value::text;
use crate::measures::{Metric, Point, Value};
use crate::names::Sort;

/// The metrics of a moment.
pub(super) fn sent(metrics: &[Metric], clock: Clock, now: Moment) -> Vec<Sent> {
    let times = (clock.nanos(Moment::START), clock.nanos(now));
    metrics.iter().map(|metric| one(metric, times)).collect()
}

fn one(metric: &Metric, times: (u64, u64)) -> Sent {
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = || metric.points.iter().filter_map(|point| number(point, times)).collect();
    let data = match metric.name.sort {
        Sort::Histogram => Data::Histogram(Histogram {
            data_points: metric.points.iter().filter_map(|point| spread(point, times)).collect(),
            aggregation_temporality: cumulative,
        }),
        Sort::Counter | Sort::Level => Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality: cumulative,
            is_monotonic: metric.name.sort == Sort::Counter,
        }),
        Sort::Gauge | Sort::Attribute | Sort::Moment => {
            Data::Gauge(Gauge { data_points: numbers() })
        }
    };
    Sent {
        name: metric.name.text.to_owned(),
        description: metric.name.about.to_owned(),
        unit: metric.name.unit.to_owned(),
        metadata: Vec::new(),
        data: Some(data),
    }
}

fn number(point: &Point, (start, now): (u64, u64)) -> Option<NumberDataPoint> {
    let Value::Number(number) = point.value else { return None };
    Some(NumberDataPoint {
        attributes: point.labels.iter().map(|(name, value)| text(*name, value)).collect(),
        start_time_unix_nano: start,
        time_unix_nano: now,
        value: Some(Number::AsDouble(number)),
        ..NumberDataPoint::default()
    })
}

fn spread(point: &Point, (start, now): (u64, u64)) -> Option<HistogramDataPoint> {
    let Value::Distribution(histogram) = &point.value else { return None };
    Some(HistogramDataPoint {
        attributes: point.labels.iter().map(|(name, value)| text(*name, value)).collect(),
        start_time_unix_nano: start,
        time_unix_nano: now,
        count: histogram.count(),
        sum: Some(histogram.sum()),
        bucket_counts: histogram.counts().to_vec(),
        explicit_bounds: histogram.bounds().to_vec(),
        ..HistogramDataPoint::default()
    })
}
