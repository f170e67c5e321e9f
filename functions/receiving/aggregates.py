"""Receiving's deciders, by the streams they decide on."""

from receiving.domain import inspection, plan, recall, score, shipment, switching
from shared.decider import Decider

SHIPMENT = Decider(
    shipment.CATALOG,
    shipment.Shipment(),
    shipment.evolve,
    window=shipment.MAX_REQUESTS + 200,
    category="Shipment",
    decide=shipment.decide,
)
INSPECTION = Decider(
    inspection.CATALOG,
    inspection.Inspection(),
    inspection.evolve,
    category="Inspection",
    decide=inspection.decide,
)
PLAN = Decider(plan.CATALOG, plan.Plan(), plan.evolve, category="Plan", decide=plan.decide)
QUALITY = Decider(
    switching.CATALOG, switching.Quality(), switching.evolve, category="Quality", decide=switching.decide
)
RECALL = Decider(recall.CATALOG, recall.Recall(), recall.evolve, category="Recall", decide=recall.decide)
SCORE = Decider(score.CATALOG, score.Score(), score.evolve, category="Score", decide=score.decide)
