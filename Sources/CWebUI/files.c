// Written by scripts/embed-web: do not edit.
#include "CWebUI.h"
// The C compiler of Swift knows #embed; only its default C standard is older.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char file_0[] = {
#embed "../../web/artifacts.css" if_empty(0)
};
static const unsigned char file_1[] = {
#embed "../../web/index.html" if_empty(0)
};
static const unsigned char file_2[] = {
#embed "../../web/js/ansi.js" if_empty(0)
};
static const unsigned char file_3[] = {
#embed "../../web/js/api.js" if_empty(0)
};
static const unsigned char file_4[] = {
#embed "../../web/js/artifacts.js" if_empty(0)
};
static const unsigned char file_5[] = {
#embed "../../web/js/charts/axis.js" if_empty(0)
};
static const unsigned char file_6[] = {
#embed "../../web/js/charts/card.js" if_empty(0)
};
static const unsigned char file_7[] = {
#embed "../../web/js/charts/cardMenu.js" if_empty(0)
};
static const unsigned char file_8[] = {
#embed "../../web/js/charts/chartState.js" if_empty(0)
};
static const unsigned char file_9[] = {
#embed "../../web/js/charts/lineChart.js" if_empty(0)
};
static const unsigned char file_10[] = {
#embed "../../web/js/charts/marks.js" if_empty(0)
};
static const unsigned char file_11[] = {
#embed "../../web/js/charts/metricAxis.js" if_empty(0)
};
static const unsigned char file_12[] = {
#embed "../../web/js/charts/pairing.js" if_empty(0)
};
static const unsigned char file_13[] = {
#embed "../../web/js/charts/panel.js" if_empty(0)
};
static const unsigned char file_14[] = {
#embed "../../web/js/charts/panelKeys.js" if_empty(0)
};
static const unsigned char file_15[] = {
#embed "../../web/js/charts/scale.js" if_empty(0)
};
static const unsigned char file_16[] = {
#embed "../../web/js/charts/seriesForm.js" if_empty(0)
};
static const unsigned char file_17[] = {
#embed "../../web/js/charts/seriesRead.js" if_empty(0)
};
static const unsigned char file_18[] = {
#embed "../../web/js/charts/sparkline.js" if_empty(0)
};
static const unsigned char file_19[] = {
#embed "../../web/js/charts/summary.js" if_empty(0)
};
static const unsigned char file_20[] = {
#embed "../../web/js/charts/svgPen.js" if_empty(0)
};
static const unsigned char file_21[] = {
#embed "../../web/js/charts/toolbar.js" if_empty(0)
};
static const unsigned char file_22[] = {
#embed "../../web/js/charts/tooltip.js" if_empty(0)
};
static const unsigned char file_23[] = {
#embed "../../web/js/components/columnChooser.js" if_empty(0)
};
static const unsigned char file_24[] = {
#embed "../../web/js/components/dialog.js" if_empty(0)
};
static const unsigned char file_25[] = {
#embed "../../web/js/components/filterBar.js" if_empty(0)
};
static const unsigned char file_26[] = {
#embed "../../web/js/components/grid.js" if_empty(0)
};
static const unsigned char file_27[] = {
#embed "../../web/js/components/help.js" if_empty(0)
};
static const unsigned char file_28[] = {
#embed "../../web/js/components/lineList.js" if_empty(0)
};
static const unsigned char file_29[] = {
#embed "../../web/js/components/menu.js" if_empty(0)
};
static const unsigned char file_30[] = {
#embed "../../web/js/components/search.js" if_empty(0)
};
static const unsigned char file_31[] = {
#embed "../../web/js/components/status.js" if_empty(0)
};
static const unsigned char file_32[] = {
#embed "../../web/js/components/sweeps.js" if_empty(0)
};
static const unsigned char file_33[] = {
#embed "../../web/js/components/versions.js" if_empty(0)
};
static const unsigned char file_34[] = {
#embed "../../web/js/components/workspaceChoice.js" if_empty(0)
};
static const unsigned char file_35[] = {
#embed "../../web/js/csv.js" if_empty(0)
};
static const unsigned char file_36[] = {
#embed "../../web/js/dom.js" if_empty(0)
};
static const unsigned char file_37[] = {
#embed "../../web/js/files.js" if_empty(0)
};
static const unsigned char file_38[] = {
#embed "../../web/js/firstRun.js" if_empty(0)
};
static const unsigned char file_39[] = {
#embed "../../web/js/format.js" if_empty(0)
};
static const unsigned char file_40[] = {
#embed "../../web/js/labels.js" if_empty(0)
};
static const unsigned char file_41[] = {
#embed "../../web/js/leader.js" if_empty(0)
};
static const unsigned char file_42[] = {
#embed "../../web/js/live.js" if_empty(0)
};
static const unsigned char file_43[] = {
#embed "../../web/js/main.js" if_empty(0)
};
static const unsigned char file_44[] = {
#embed "../../web/js/md.js" if_empty(0)
};
static const unsigned char file_45[] = {
#embed "../../web/js/media/chartView.js" if_empty(0)
};
static const unsigned char file_46[] = {
#embed "../../web/js/media/figure.js" if_empty(0)
};
static const unsigned char file_47[] = {
#embed "../../web/js/media/figureCells.js" if_empty(0)
};
static const unsigned char file_48[] = {
#embed "../../web/js/media/figureModel.js" if_empty(0)
};
static const unsigned char file_49[] = {
#embed "../../web/js/media/figurePlane.js" if_empty(0)
};
static const unsigned char file_50[] = {
#embed "../../web/js/media/histogram.js" if_empty(0)
};
static const unsigned char file_51[] = {
#embed "../../web/js/media/overlay.js" if_empty(0)
};
static const unsigned char file_52[] = {
#embed "../../web/js/media/overlayFiles.js" if_empty(0)
};
static const unsigned char file_53[] = {
#embed "../../web/js/media/overlayLegend.js" if_empty(0)
};
static const unsigned char file_54[] = {
#embed "../../web/js/media/overlayModel.js" if_empty(0)
};
static const unsigned char file_55[] = {
#embed "../../web/js/media/plotlyFigure.js" if_empty(0)
};
static const unsigned char file_56[] = {
#embed "../../web/js/media/svg.js" if_empty(0)
};
static const unsigned char file_57[] = {
#embed "../../web/js/media/tableView.js" if_empty(0)
};
static const unsigned char file_58[] = {
#embed "../../web/js/media/values.js" if_empty(0)
};
static const unsigned char file_59[] = {
#embed "../../web/js/media/views.js" if_empty(0)
};
static const unsigned char file_60[] = {
#embed "../../web/js/media/wandbFigure.js" if_empty(0)
};
static const unsigned char file_61[] = {
#embed "../../web/js/mlflow.js" if_empty(0)
};
static const unsigned char file_62[] = {
#embed "../../web/js/pages/artifactsTab.js" if_empty(0)
};
static const unsigned char file_63[] = {
#embed "../../web/js/pages/authorize.js" if_empty(0)
};
static const unsigned char file_64[] = {
#embed "../../web/js/pages/chartsTab.js" if_empty(0)
};
static const unsigned char file_65[] = {
#embed "../../web/js/pages/collection.js" if_empty(0)
};
static const unsigned char file_66[] = {
#embed "../../web/js/pages/consoleLines.js" if_empty(0)
};
static const unsigned char file_67[] = {
#embed "../../web/js/pages/experiment.js" if_empty(0)
};
static const unsigned char file_68[] = {
#embed "../../web/js/pages/experimentNews.js" if_empty(0)
};
static const unsigned char file_69[] = {
#embed "../../web/js/pages/experiments.js" if_empty(0)
};
static const unsigned char file_70[] = {
#embed "../../web/js/pages/login.js" if_empty(0)
};
static const unsigned char file_71[] = {
#embed "../../web/js/pages/mediaCard.js" if_empty(0)
};
static const unsigned char file_72[] = {
#embed "../../web/js/pages/missing.js" if_empty(0)
};
static const unsigned char file_73[] = {
#embed "../../web/js/pages/models.js" if_empty(0)
};
static const unsigned char file_74[] = {
#embed "../../web/js/pages/paramTree.js" if_empty(0)
};
static const unsigned char file_75[] = {
#embed "../../web/js/pages/report.js" if_empty(0)
};
static const unsigned char file_76[] = {
#embed "../../web/js/pages/reportBlocks.js" if_empty(0)
};
static const unsigned char file_77[] = {
#embed "../../web/js/pages/reportPanels.js" if_empty(0)
};
static const unsigned char file_78[] = {
#embed "../../web/js/pages/run.js" if_empty(0)
};
static const unsigned char file_79[] = {
#embed "../../web/js/pages/runActions.js" if_empty(0)
};
static const unsigned char file_80[] = {
#embed "../../web/js/pages/runAlerts.js" if_empty(0)
};
static const unsigned char file_81[] = {
#embed "../../web/js/pages/runArtifacts.js" if_empty(0)
};
static const unsigned char file_82[] = {
#embed "../../web/js/pages/runCells.js" if_empty(0)
};
static const unsigned char file_83[] = {
#embed "../../web/js/pages/runColumns.js" if_empty(0)
};
static const unsigned char file_84[] = {
#embed "../../web/js/pages/runConsole.js" if_empty(0)
};
static const unsigned char file_85[] = {
#embed "../../web/js/pages/runHeader.js" if_empty(0)
};
static const unsigned char file_86[] = {
#embed "../../web/js/pages/runKeys.js" if_empty(0)
};
static const unsigned char file_87[] = {
#embed "../../web/js/pages/runList.js" if_empty(0)
};
static const unsigned char file_88[] = {
#embed "../../web/js/pages/runMade.js" if_empty(0)
};
static const unsigned char file_89[] = {
#embed "../../web/js/pages/runMedia.js" if_empty(0)
};
static const unsigned char file_90[] = {
#embed "../../web/js/pages/runNotes.js" if_empty(0)
};
static const unsigned char file_91[] = {
#embed "../../web/js/pages/runOverview.js" if_empty(0)
};
static const unsigned char file_92[] = {
#embed "../../web/js/pages/runStrip.js" if_empty(0)
};
static const unsigned char file_93[] = {
#embed "../../web/js/pages/runSummary.js" if_empty(0)
};
static const unsigned char file_94[] = {
#embed "../../web/js/pages/runTables.js" if_empty(0)
};
static const unsigned char file_95[] = {
#embed "../../web/js/pages/runVersions.js" if_empty(0)
};
static const unsigned char file_96[] = {
#embed "../../web/js/pages/runsTab.js" if_empty(0)
};
static const unsigned char file_97[] = {
#embed "../../web/js/pages/settings.js" if_empty(0)
};
static const unsigned char file_98[] = {
#embed "../../web/js/pages/sweep.js" if_empty(0)
};
static const unsigned char file_99[] = {
#embed "../../web/js/pages/sweepCharts.js" if_empty(0)
};
static const unsigned char file_100[] = {
#embed "../../web/js/pages/sweepRuns.js" if_empty(0)
};
static const unsigned char file_101[] = {
#embed "../../web/js/pages/sweepsTab.js" if_empty(0)
};
static const unsigned char file_102[] = {
#embed "../../web/js/pages/version.js" if_empty(0)
};
static const unsigned char file_103[] = {
#embed "../../web/js/pages/versionDiff.js" if_empty(0)
};
static const unsigned char file_104[] = {
#embed "../../web/js/pages/versionLineage.js" if_empty(0)
};
static const unsigned char file_105[] = {
#embed "../../web/js/pages/versionOverview.js" if_empty(0)
};
static const unsigned char file_106[] = {
#embed "../../web/js/plots/axes.js" if_empty(0)
};
static const unsigned char file_107[] = {
#embed "../../web/js/plots/bars.js" if_empty(0)
};
static const unsigned char file_108[] = {
#embed "../../web/js/plots/best.js" if_empty(0)
};
static const unsigned char file_109[] = {
#embed "../../web/js/plots/parallel.js" if_empty(0)
};
static const unsigned char file_110[] = {
#embed "../../web/js/plots/svg.js" if_empty(0)
};
static const unsigned char file_111[] = {
#embed "../../web/js/plots/tip.js" if_empty(0)
};
static const unsigned char file_112[] = {
#embed "../../web/js/runMetrics.js" if_empty(0)
};
static const unsigned char file_113[] = {
#embed "../../web/js/streams.js" if_empty(0)
};
static const unsigned char file_114[] = {
#embed "../../web/js/sweeps.js" if_empty(0)
};
static const unsigned char file_115[] = {
#embed "../../web/js/workspaces.js" if_empty(0)
};
static const unsigned char file_116[] = {
#embed "../../web/pages.css" if_empty(0)
};
static const unsigned char file_117[] = {
#embed "../../web/streams.css" if_empty(0)
};
static const unsigned char file_118[] = {
#embed "../../web/style.css" if_empty(0)
};
static const unsigned char file_119[] = {
#embed "../../web/sweeps.css" if_empty(0)
};

static const CWebUIFile files[] = {
    {"artifacts.css", file_0, sizeof(file_0)},
    {"index.html", file_1, sizeof(file_1)},
    {"js/ansi.js", file_2, sizeof(file_2)},
    {"js/api.js", file_3, sizeof(file_3)},
    {"js/artifacts.js", file_4, sizeof(file_4)},
    {"js/charts/axis.js", file_5, sizeof(file_5)},
    {"js/charts/card.js", file_6, sizeof(file_6)},
    {"js/charts/cardMenu.js", file_7, sizeof(file_7)},
    {"js/charts/chartState.js", file_8, sizeof(file_8)},
    {"js/charts/lineChart.js", file_9, sizeof(file_9)},
    {"js/charts/marks.js", file_10, sizeof(file_10)},
    {"js/charts/metricAxis.js", file_11, sizeof(file_11)},
    {"js/charts/pairing.js", file_12, sizeof(file_12)},
    {"js/charts/panel.js", file_13, sizeof(file_13)},
    {"js/charts/panelKeys.js", file_14, sizeof(file_14)},
    {"js/charts/scale.js", file_15, sizeof(file_15)},
    {"js/charts/seriesForm.js", file_16, sizeof(file_16)},
    {"js/charts/seriesRead.js", file_17, sizeof(file_17)},
    {"js/charts/sparkline.js", file_18, sizeof(file_18)},
    {"js/charts/summary.js", file_19, sizeof(file_19)},
    {"js/charts/svgPen.js", file_20, sizeof(file_20)},
    {"js/charts/toolbar.js", file_21, sizeof(file_21)},
    {"js/charts/tooltip.js", file_22, sizeof(file_22)},
    {"js/components/columnChooser.js", file_23, sizeof(file_23)},
    {"js/components/dialog.js", file_24, sizeof(file_24)},
    {"js/components/filterBar.js", file_25, sizeof(file_25)},
    {"js/components/grid.js", file_26, sizeof(file_26)},
    {"js/components/help.js", file_27, sizeof(file_27)},
    {"js/components/lineList.js", file_28, sizeof(file_28)},
    {"js/components/menu.js", file_29, sizeof(file_29)},
    {"js/components/search.js", file_30, sizeof(file_30)},
    {"js/components/status.js", file_31, sizeof(file_31)},
    {"js/components/sweeps.js", file_32, sizeof(file_32)},
    {"js/components/versions.js", file_33, sizeof(file_33)},
    {"js/components/workspaceChoice.js", file_34, sizeof(file_34)},
    {"js/csv.js", file_35, sizeof(file_35)},
    {"js/dom.js", file_36, sizeof(file_36)},
    {"js/files.js", file_37, sizeof(file_37)},
    {"js/firstRun.js", file_38, sizeof(file_38)},
    {"js/format.js", file_39, sizeof(file_39)},
    {"js/labels.js", file_40, sizeof(file_40)},
    {"js/leader.js", file_41, sizeof(file_41)},
    {"js/live.js", file_42, sizeof(file_42)},
    {"js/main.js", file_43, sizeof(file_43)},
    {"js/md.js", file_44, sizeof(file_44)},
    {"js/media/chartView.js", file_45, sizeof(file_45)},
    {"js/media/figure.js", file_46, sizeof(file_46)},
    {"js/media/figureCells.js", file_47, sizeof(file_47)},
    {"js/media/figureModel.js", file_48, sizeof(file_48)},
    {"js/media/figurePlane.js", file_49, sizeof(file_49)},
    {"js/media/histogram.js", file_50, sizeof(file_50)},
    {"js/media/overlay.js", file_51, sizeof(file_51)},
    {"js/media/overlayFiles.js", file_52, sizeof(file_52)},
    {"js/media/overlayLegend.js", file_53, sizeof(file_53)},
    {"js/media/overlayModel.js", file_54, sizeof(file_54)},
    {"js/media/plotlyFigure.js", file_55, sizeof(file_55)},
    {"js/media/svg.js", file_56, sizeof(file_56)},
    {"js/media/tableView.js", file_57, sizeof(file_57)},
    {"js/media/values.js", file_58, sizeof(file_58)},
    {"js/media/views.js", file_59, sizeof(file_59)},
    {"js/media/wandbFigure.js", file_60, sizeof(file_60)},
    {"js/mlflow.js", file_61, sizeof(file_61)},
    {"js/pages/artifactsTab.js", file_62, sizeof(file_62)},
    {"js/pages/authorize.js", file_63, sizeof(file_63)},
    {"js/pages/chartsTab.js", file_64, sizeof(file_64)},
    {"js/pages/collection.js", file_65, sizeof(file_65)},
    {"js/pages/consoleLines.js", file_66, sizeof(file_66)},
    {"js/pages/experiment.js", file_67, sizeof(file_67)},
    {"js/pages/experimentNews.js", file_68, sizeof(file_68)},
    {"js/pages/experiments.js", file_69, sizeof(file_69)},
    {"js/pages/login.js", file_70, sizeof(file_70)},
    {"js/pages/mediaCard.js", file_71, sizeof(file_71)},
    {"js/pages/missing.js", file_72, sizeof(file_72)},
    {"js/pages/models.js", file_73, sizeof(file_73)},
    {"js/pages/paramTree.js", file_74, sizeof(file_74)},
    {"js/pages/report.js", file_75, sizeof(file_75)},
    {"js/pages/reportBlocks.js", file_76, sizeof(file_76)},
    {"js/pages/reportPanels.js", file_77, sizeof(file_77)},
    {"js/pages/run.js", file_78, sizeof(file_78)},
    {"js/pages/runActions.js", file_79, sizeof(file_79)},
    {"js/pages/runAlerts.js", file_80, sizeof(file_80)},
    {"js/pages/runArtifacts.js", file_81, sizeof(file_81)},
    {"js/pages/runCells.js", file_82, sizeof(file_82)},
    {"js/pages/runColumns.js", file_83, sizeof(file_83)},
    {"js/pages/runConsole.js", file_84, sizeof(file_84)},
    {"js/pages/runHeader.js", file_85, sizeof(file_85)},
    {"js/pages/runKeys.js", file_86, sizeof(file_86)},
    {"js/pages/runList.js", file_87, sizeof(file_87)},
    {"js/pages/runMade.js", file_88, sizeof(file_88)},
    {"js/pages/runMedia.js", file_89, sizeof(file_89)},
    {"js/pages/runNotes.js", file_90, sizeof(file_90)},
    {"js/pages/runOverview.js", file_91, sizeof(file_91)},
    {"js/pages/runStrip.js", file_92, sizeof(file_92)},
    {"js/pages/runSummary.js", file_93, sizeof(file_93)},
    {"js/pages/runTables.js", file_94, sizeof(file_94)},
    {"js/pages/runVersions.js", file_95, sizeof(file_95)},
    {"js/pages/runsTab.js", file_96, sizeof(file_96)},
    {"js/pages/settings.js", file_97, sizeof(file_97)},
    {"js/pages/sweep.js", file_98, sizeof(file_98)},
    {"js/pages/sweepCharts.js", file_99, sizeof(file_99)},
    {"js/pages/sweepRuns.js", file_100, sizeof(file_100)},
    {"js/pages/sweepsTab.js", file_101, sizeof(file_101)},
    {"js/pages/version.js", file_102, sizeof(file_102)},
    {"js/pages/versionDiff.js", file_103, sizeof(file_103)},
    {"js/pages/versionLineage.js", file_104, sizeof(file_104)},
    {"js/pages/versionOverview.js", file_105, sizeof(file_105)},
    {"js/plots/axes.js", file_106, sizeof(file_106)},
    {"js/plots/bars.js", file_107, sizeof(file_107)},
    {"js/plots/best.js", file_108, sizeof(file_108)},
    {"js/plots/parallel.js", file_109, sizeof(file_109)},
    {"js/plots/svg.js", file_110, sizeof(file_110)},
    {"js/plots/tip.js", file_111, sizeof(file_111)},
    {"js/runMetrics.js", file_112, sizeof(file_112)},
    {"js/streams.js", file_113, sizeof(file_113)},
    {"js/sweeps.js", file_114, sizeof(file_114)},
    {"js/workspaces.js", file_115, sizeof(file_115)},
    {"pages.css", file_116, sizeof(file_116)},
    {"streams.css", file_117, sizeof(file_117)},
    {"style.css", file_118, sizeof(file_118)},
    {"sweeps.css", file_119, sizeof(file_119)},
};

int cwebui_file_count(void) { return sizeof(files) / sizeof(files[0]); }
const CWebUIFile *cwebui_file(int index) { return &files[index]; }
