"""
Votre premier modèle en cinq minutes
====================================

D'une table brute à un modèle auquel se fier, que l'on enregistre et que l'on interroge. C'est la traduction française de
:ref:`Your first model in five minutes <sphx_glr_tutorials_plot_1_first_model.py>`.
"""

# %%
# La table
# --------
# 442 patients diabétiques : dix mesures chacun, et la progression de la maladie un an plus tard. scikit-learn fournit la table.
# La vôtre peut avoir du texte, des dates, des cellules vides, des unités et des virgules décimales ; elle peut être un fichier.

from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import shoal

table = load_diabetes(as_frame=True, scaled=False).frame
connues, nouvelles = train_test_split(table, test_size=100, random_state=0)
connues.head()

# %%
# Ce que shoal en fait
# --------------------
# :func:`shoal.look` dit comment chaque colonne est lue, avant tout apprentissage. ``sex`` contient 1 et 2, et il est lu ici comme un
# nombre ; avec ``categories=["sex"]`` ce serait une catégorie.

shoal.look(connues, target="target").to_frame()

# %%
# L'apprentissage
# ---------------
# Un seul appel. Il prépare les colonnes, entraîne huit petits réseaux à la fois et les réunit en un seul. ``settings`` sont les
# paramètres de :class:`shoal.ShoalRegressor` ; ``calibration="cv+"`` garde les erreurs des réseaux sur les lignes dont ils n'ont pas
# appris : les intervalles en viennent.

modele = shoal.fit(connues, target="target", settings={"calibration": "cv+"})
modele

# %%
# Que vaut-il ?
# -------------
# Sur des lignes qu'il n'a jamais vues.

print(f"R² {modele.score(nouvelles.drop(columns='target'), nouvelles['target']):.2f}")

# %%
# Les prédictions et leur incertitude
# -----------------------------------
# Les intervalles devraient contenir neuf valeurs sur dix.

import matplotlib.pyplot as plt
import numpy as np

lignes, verite = nouvelles.drop(columns="target"), nouvelles["target"].to_numpy()
moyenne = modele.predict(lignes)
bas, haut = modele.predict_interval(lignes, coverage=0.9)
ordre = np.argsort(moyenne)
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.fill_between(np.arange(len(lignes)), bas[ordre], haut[ordre], alpha=0.2, label="intervalle à 90 %")
axes.plot(moyenne[ordre], label="prédiction")
axes.plot(verite[ordre], "k.", markersize=4, label="ce qui est advenu")
axes.set(xlabel="nouveaux patients, par ordre de prédiction", ylabel="progression")
axes.legend()
dedans = np.mean((bas <= verite) & (verite <= haut))
print(f"{100 * dedans:.0f} des 100 nouvelles valeurs sont dans leur intervalle")

# %%
# Le garder
# ---------
# Le fichier contient des nombres et des noms, aucun code : le charger n'exécute rien.

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as dossier:
    chemin = Path(dossier) / "diabete.shoal"
    shoal.save(modele, chemin)
    encore = shoal.load(chemin)
    print(f"{chemin.stat().st_size / 1024:.0f} Kio, mêmes prédictions : {np.array_equal(encore.predict(lignes), moyenne)}")
