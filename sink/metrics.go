package sink

import (
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
)

// Register registers the endpoint's metrics.
func (m *Momento) Register(reg prometheus.Registerer) {
	reg.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: pipeline.Namespace,
			Name:      "connections_opened_total",
			Help:      "Connections opened to the endpoint.",
		}, func() float64 { return float64(m.Opened()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: pipeline.Namespace,
			Name:      "api_key_expiry_timestamp_seconds",
			Help:      "When the API key expires, as the key says; 0 when it does not say.",
		}, func() float64 {
			k := m.cfg.Keys.Key()
			if k == nil || k.Expires.IsZero() {
				return 0
			}
			return float64(k.Expires.Unix())
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: pipeline.Namespace,
			Name:      "api_key_vended",
			Help:      "1 if a token vending machine replaces the API key before it expires.",
		}, func() float64 { return truth(m.cfg.Keys.Vended()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: pipeline.Namespace,
			Name:      "pipelining_suspended",
			Help:      "1 while connections carry one publish at a time although the configuration allows more.",
		}, func() float64 { return truth(m.manners.several.counts()) }),
	)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
